import type { TranslationBundle } from '@jupyterlab/translation';
import type { Message } from '@lumino/messaging';
import { Signal, type ISignal } from '@lumino/signaling';
import { Widget } from '@lumino/widgets';

import { asyncmdIcon } from '../icon';
import { element, setAttribute } from './dom';
import { newsProblem } from './problems';
import { stateIcon } from './stateIcons';
import { kindWord } from './states';
import type { CampaignStore } from './store';
import { SHOWN, tally, type Tally } from './tally';

/** How many jobs run, wait and failed, at the bottom of the window; a click shows them. */
export class StatusItem extends Widget {
  constructor(
    private readonly _store: CampaignStore,
    private readonly _trans: TranslationBundle,
    onClick: () => void
  ) {
    super();
    this.addClass('asyncmd-status');
    this._button.type = 'button';
    this._button.addEventListener('click', onClick);
    const container = element('span', 'asyncmd-status-logo');
    asyncmdIcon.element({ container, height: '16px', width: '16px' });
    this._button.append(container, this._numbers);
    this.node.append(this._button);
    _store.changed.connect(this.update, this);
    this.update();
  }

  /** Emitted when it comes into sight or leaves it. */
  get visibilityChanged(): ISignal<this, void> {
    return this._visibilityChanged;
  }

  protected override onUpdateRequest(_: Message): void {
    const { jobs, runs, now } = this._store;
    const counts = tally(jobs.values(), runs.values(), now);
    const shown = SHOWN.filter(kind => counts[kind] > 0);
    const key = shown.map(kind => `${kind} ${counts[kind]}`).join();
    const problem = newsProblem(this._store, this._trans);
    const said = [problem, this._said(counts)].filter(Boolean).join('\n');
    this.toggleClass('asyncmd-mod-stale', problem !== '');
    setAttribute(this._button, 'title', said);
    setAttribute(this._button, 'aria-label', said);
    if (key !== this._key) {
      this._key = key;
      this._numbers.replaceChildren(
        ...shown.flatMap(kind => [
          stateIcon(kind),
          element('span', '', String(counts[kind]))
        ])
      );
    }
  }

  protected override onAfterAttach(_: Message): void {
    this._visibilityChanged.emit();
  }

  protected override onAfterShow(_: Message): void {
    this._visibilityChanged.emit();
  }

  protected override onAfterHide(_: Message): void {
    this._visibilityChanged.emit();
  }

  private _said(counts: Tally): string {
    const words = SHOWN.map(kind => kindWord(kind, counts[kind], this._trans));
    return this._trans.__(
      'MD simulations: %1 in the last day',
      words.join(', ')
    );
  }

  private readonly _button = element('button', 'asyncmd-status-button');
  private readonly _numbers = element('span', 'asyncmd-status-numbers');
  private _key = '-';
  private _visibilityChanged = new Signal<this, void>(this);
}
