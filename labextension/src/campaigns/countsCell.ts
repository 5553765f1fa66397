import type { TranslationBundle } from '@jupyterlab/translation';

import { countParts, type Counts } from './counts';
import { element } from './dom';
import { stateIcon } from './stateIcons';

/** How many of a group are in which state: pictures with numbers, and words where there is room. */
export class CountsCell {
  readonly node = element('span', 'asyncmd-counts');

  constructor(private readonly _trans: TranslationBundle) {}

  /** @param counts - null where something else is said */
  update(counts: Counts | null): void {
    this.node.hidden = counts === null;
    const parts = counts ? countParts(counts, this._trans) : [];
    const said = parts.map(part => part.text).join();
    if (said === this._said) {
      return;
    }
    this._said = said;
    this.node.replaceChildren(
      ...parts.map(({ state, n, text }) => {
        const part = element('span', 'asyncmd-count');
        const short = element('span', 'asyncmd-short', String(n));
        short.setAttribute('aria-hidden', 'true');
        part.append(
          stateIcon(state),
          element('span', 'asyncmd-long', text),
          short
        );
        return part;
      })
    );
  }

  private _said = '';
}
