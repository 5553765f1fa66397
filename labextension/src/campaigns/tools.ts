import type { TranslationBundle } from '@jupyterlab/translation';
import { closeIcon, searchIcon } from '@jupyterlab/ui-components';
import { PathExt } from '@jupyterlab/coreutils';
import { Widget } from '@lumino/widgets';

import { element, setAttribute, setText } from './dom';
import { setStateIcon, stateIcon } from './stateIcons';
import { KINDS, kindWord, type Kind } from './states';
import type { View } from './view';

/** What stands over the tree: a search, the states with their numbers, and problems. */
export class Tools extends Widget {
  constructor(
    private readonly _view: View,
    private readonly _trans: TranslationBundle,
    toggleOthers: () => void,
    retry: () => void
  ) {
    super();
    this.addClass('asyncmd-tools');
    this._chips.setAttribute('role', 'group');
    this._chips.setAttribute('aria-label', _trans.__('Only these states'));
    KINDS.forEach(kind => this._chips.append(this._chip(kind)));
    this._others = chip(toggleOthers);
    this._others.classList.add('asyncmd-chip-others');
    this._others.textContent = _trans.__('Other jobs');
    this._others.title = _trans.__(
      'Also jobs in the queue that asyncmd-jupyter has not started'
    );
    this._removed = chip(() => {
      this._view.showsRemoved = !this._view.showsRemoved;
    });
    this._removed.classList.add('asyncmd-chip-removed');
    this._chips.append(this._others, this._removed);
    this._retry = textButton(_trans.__('Try again'), retry);
    this._problem.setAttribute('role', 'status');
    this._problem.append(this._sentence, this._retry);
    this.node.append(
      this._searchLine(),
      this._chips,
      this._notebook,
      this._problem
    );
    this.refresh(null, 0, '', false, false);
  }

  focusSearch(): void {
    this._search.focus();
  }

  /**
   * @param counts - how many there are of each kind in the rows, if that is known
   * @param removed - how many lines are taken off the list
   * @param problem - what doesn't work
   * @param canRetry - whether it helps to ask again
   * @param hasOthers - whether there may be jobs that are not ours
   */
  refresh(
    counts: Readonly<Record<Kind, number>> | null,
    removed: number,
    problem: string,
    canRetry: boolean,
    hasOthers: boolean
  ): void {
    const { filter, others, showsRemoved } = this._view;
    KINDS.forEach(kind => {
      const isOn = filter.kinds.includes(kind);
      this._setChip(kind, counts?.[kind] ?? 0, isOn);
    });
    this._problem.hidden = problem === '';
    setText(this._sentence, problem);
    this._retry.hidden = !canRetry;
    this._others.hidden = !hasOthers && !others;
    setAttribute(this._others, 'aria-pressed', String(others));
    this._removed.hidden = removed === 0;
    setAttribute(this._removed, 'aria-pressed', String(showsRemoved));
    setText(
      this._removed,
      this._trans._n('Show %1 removed', 'Show %1 removed', removed),
      this._trans.__('Runs and jobs that were taken off this list')
    );
    this._showNotebook(filter.notebook);
    if (document.activeElement !== this._search) {
      this._search.value = filter.text;
    }
  }

  private _searchLine(): HTMLElement {
    const line = element('div', 'asyncmd-tools-search');
    searchIcon.element({ container: line, tag: 'span', height: '16px' });
    const said = this._trans.__('Filter runs and jobs');
    this._search.type = 'search';
    this._search.placeholder = said;
    this._search.setAttribute('aria-label', said);
    this._search.addEventListener('input', () => {
      this._view.filter = { ...this._view.filter, text: this._search.value };
    });
    line.append(this._search);
    return line;
  }

  private _chip(kind: Kind): HTMLButtonElement {
    const icon = stateIcon(kind);
    setStateIcon(icon, kind);
    const button = chip(() => this._view.toggleKind(kind));
    button.dataset['kind'] = kind;
    button.append(icon, element('span'));
    return button;
  }

  /** States of no job are no choice; what is chosen can always be given up. */
  private _setChip(kind: Kind, total: number, isOn: boolean): void {
    const chip = this._chips.querySelector<HTMLElement>(`[data-kind=${kind}]`);
    const word = chip?.querySelector('span');
    if (chip && word) {
      chip.hidden = total === 0 && !isOn;
      setAttribute(chip, 'title', simulations(total, this._trans));
      setAttribute(chip, 'aria-pressed', String(isOn));
      setText(word, kindWord(kind, total, this._trans), '');
    }
  }

  private _showNotebook(path: string): void {
    this._notebook.hidden = path === '';
    if (path === '' || path === this._notebook.dataset['path']) {
      return;
    }
    const name = PathExt.basename(path);
    const text = element(
      'span',
      'asyncmd-grid-text',
      this._trans.__('Started by %1', name)
    );
    text.title = path;
    const clear = element('button', 'asyncmd-iconButton');
    clear.type = 'button';
    clear.title = this._trans.__('Show what all notebooks have started');
    clear.setAttribute('aria-label', clear.title);
    closeIcon.element({ container: clear, height: '14px', width: '14px' });
    clear.addEventListener('click', () => {
      this._view.filter = { ...this._view.filter, notebook: '' };
      this.focusSearch();
    });
    this._notebook.dataset['path'] = path;
    this._notebook.replaceChildren(text, clear);
  }

  private readonly _search = element('input');
  private readonly _chips = element('div', 'asyncmd-tools-chips');
  private readonly _notebook = element('div', 'asyncmd-tools-notebook');
  private readonly _problem = element('div', 'asyncmd-tools-problem');
  private readonly _sentence = element('span');
  private readonly _retry: HTMLButtonElement;
  private readonly _others: HTMLButtonElement;
  private readonly _removed: HTMLButtonElement;
}

/** What is counted; the rows of groups say the same. */
function simulations(n: number, trans: TranslationBundle): string {
  return trans._n(
    '%1 simulation, or job of none',
    '%1 simulations, or jobs of none',
    n
  );
}

function chip(onClick: () => void): HTMLButtonElement {
  const button = element('button', 'asyncmd-chip');
  button.type = 'button';
  button.addEventListener('click', onClick);
  return button;
}

/** A button with a word on it. */
export function textButton(
  label: string,
  onClick: () => void
): HTMLButtonElement {
  const button = element('button', 'asyncmd-button', label);
  button.type = 'button';
  button.addEventListener('click', onClick);
  return button;
}
