import { caretRightIcon } from '@jupyterlab/ui-components';
import type { TranslationBundle } from '@jupyterlab/translation';

import type { IColumn } from './columns';
import { CountsCell } from './countsCell';
import { stateText, totalOf } from './counts';
import { element, setAttribute, setText } from './dom';
import { partOf, shortPartOf } from './facts';
import type { ILine } from './lines';
import type { Action, IJob } from './protocol';
import { isLone, whyOf } from './reasons';
import { loneIcon, setStateIcon, stateIcon } from './stateIcons';
import { pathOf } from './names';
import type { INode } from './tree';
import { underWayWord } from './underWay';

export const ROW_HEIGHT = 26;

export interface IRowState {
  readonly place: number;
  readonly isSelected: boolean;
  readonly isActive: boolean;
  /** Whether it is off the list, and shown all the same. */
  readonly isRemoved: boolean;
  /** What somebody has asked for. */
  readonly doing: Action | null;
  readonly now: number;
}

/** One drawn line; it is kept as long as its line is near what is seen. */
export class GridRow {
  readonly node = element('div', 'asyncmd-grid-row');

  constructor(private readonly _trans: TranslationBundle) {
    this.node.setAttribute('role', 'row');
    this._nameCell.setAttribute('role', 'rowheader');
    this._stateCell.setAttribute('role', 'gridcell');
    caretRightIcon.element({
      container: this._caret,
      tag: 'span',
      height: '16px',
      width: '16px'
    });
    this._caret.setAttribute('aria-hidden', 'true');
    this._shortName.className = 'asyncmd-short';
    this._shortName.setAttribute('aria-hidden', 'true');
    this._longName.append(this._begin, this._end);
    this._name.append(this._longName, this._shortName, this._where);
    this._nameCell.append(this._caret, this._name);
    this._lone = loneIcon(_trans.__('No kernel follows it'));
    this._counts = new CountsCell(_trans);
    this._state.append(this._icon, this._word);
    this._stateCell.append(this._state, this._counts.node, this._lone);
    this.node.append(this._nameCell, this._stateCell);
  }

  update(line: ILine, columns: readonly IColumn[], state: IRowState): void {
    this._place(line, state);
    this._setName(line);
    this._setState(line.node, state.doing);
    this._setCells(line.node, columns, state.now);
  }

  private _place(line: ILine, state: IRowState): void {
    const { node } = this;
    const top = `translateY(${state.place * ROW_HEIGHT}px)`;
    if (node.style.transform !== top) {
      node.style.transform = top;
    }
    setAttribute(node, 'aria-rowindex', String(state.place + 2));
    setAttribute(node, 'aria-level', String(line.depth));
    setAttribute(node, 'aria-posinset', String(line.position));
    setAttribute(node, 'aria-setsize', String(line.siblings));
    setAttribute(node, 'aria-selected', String(state.isSelected));
    setAttribute(
      node,
      'aria-expanded',
      line.isOpen === null ? null : String(line.isOpen)
    );
    setAttribute(node, 'tabindex', state.isActive ? '0' : '-1');
    node.dataset['key'] = line.node.key;
    node.dataset['level'] = line.node.level;
    node.dataset['state'] = line.node.state;
    node.dataset['name'] = nameOf(line.node, this._trans);
    node.classList.toggle('asyncmd-mod-removed', state.isRemoved);
  }

  private _setName(line: ILine): void {
    this._nameCell.style.setProperty('--depth', String(line.depth - 1));
    const name = nameOf(line.node, this._trans);
    const part = below(line);
    const short = part ? shortPartOf(part, this._trans) : '';
    const long = part ? partOf(part, this._trans) : '';
    const whole = long || name;
    const cut = long ? whole.lastIndexOf(' ') + 1 : line.shown.cut;
    setText(this._begin, whole.slice(0, cut), '');
    setText(this._end, whole.slice(cut), '');
    setText(this._shortName, short, '');
    setText(this._where, line.shown.where, '');
    this._where.hidden = line.shown.where === '';
    setAttribute(this._longName, 'class', short ? 'asyncmd-long' : WHOLE_NAME);
    const path = pathOf(line.node);
    const more = line.node.level === 'run' && path ? `\n${path}` : '';
    setAttribute(this._name, 'title', `${name}${more}`);
  }

  private _setState(node: INode, doing: Action | null): void {
    const isGroup = totalOf(node.counts) > 1 && node.level !== 'job';
    const word = doing
      ? underWayWord(doing, this._trans)
      : stateText(node, this._trans);
    setAttribute(this.node, 'aria-busy', doing ? 'true' : null);
    setStateIcon(this._icon, node.state);
    setText(this._word, word, '');
    this._state.hidden = isGroup && !doing;
    this._counts.update(isGroup && !doing ? node.counts : null);
    // The picture of what was interrupted is the same.
    const marks = isLone(node) && node.state !== 'interrupted';
    this._lone.style.display = marks ? '' : 'none';
    setAttribute(this._stateCell, 'title', explained(node, word, this._trans));
  }

  private _setCells(
    node: INode,
    columns: readonly IColumn[],
    now: number
  ): void {
    while (this._cells.length > columns.length) {
      this._cells.pop()?.remove();
    }
    columns.forEach((column, index) => {
      let cell = this._cells[index];
      if (!cell) {
        cell = element('div');
        cell.setAttribute('role', 'gridcell');
        this._cells.push(cell);
        this.node.append(cell);
      }
      cell.className = `asyncmd-grid-cell${column.isNumber ? ' asyncmd-mod-number' : ''}`;
      setText(cell, column.text(node, now));
    });
  }

  private readonly _nameCell = element('div', 'asyncmd-grid-name');
  private readonly _caret = element('span', 'asyncmd-grid-caret');
  private readonly _name = element('span', 'asyncmd-grid-text');
  private readonly _longName = element('span', WHOLE_NAME);
  private readonly _begin = element('span', 'asyncmd-grid-begin');
  private readonly _end = element('span', 'asyncmd-grid-end');
  private readonly _shortName = element('span');
  private readonly _where = element('span', 'asyncmd-faint asyncmd-grid-where');
  private readonly _stateCell = element('div', 'asyncmd-grid-state');
  private readonly _state = element('span', 'asyncmd-grid-stateWord');
  private readonly _icon = stateIcon('waiting');
  private readonly _word = element('span', 'asyncmd-grid-text');
  private readonly _lone: SVGElement;
  private readonly _counts: CountsCell;
  private readonly _cells: HTMLElement[] = [];
}

const WHOLE_NAME = 'asyncmd-grid-whole';

export function nameOf(node: INode, trans: TranslationBundle): string {
  if (node.level === 'others') {
    return trans.__('Other jobs');
  }
  return node.name || trans.__('No campaign');
}

/** Below its run a job need not repeat the name of that. */
function below({ node, depth }: ILine): IJob | undefined {
  return node.level === 'job' && depth > 2 ? node.jobs[0] : undefined;
}

function explained(
  node: INode,
  word: string,
  trans: TranslationBundle
): string {
  const why = whyOf(node, trans);
  return why ? trans.__('%1: %2', word, why) : word;
}
