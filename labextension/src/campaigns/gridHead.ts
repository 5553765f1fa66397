import type { TranslationBundle } from '@jupyterlab/translation';

import type { IColumn } from './columns';
import { element, setAttribute } from './dom';
import { NameEdge } from './nameEdge';
import type { ISort, SortKey } from './sorting';

export const HEAD_HEIGHT = 24;

/** Names of the columns; a click sorts. */
export class GridHead {
  readonly node = element('div', 'asyncmd-grid-head');

  constructor(
    private readonly _trans: TranslationBundle,
    private readonly _sort: (key: SortKey) => void,
    resize: (pixels: number | null) => void
  ) {
    this._edge = new NameEdge(_trans, resize);
    this.node.setAttribute('role', 'rowgroup');
    this._row.setAttribute('role', 'row');
    this._row.setAttribute('aria-rowindex', '1');
    this.node.append(this._row);
  }

  update(columns: readonly IColumn[], sort: ISort): void {
    const wanted: Pick<IColumn, 'key' | 'label' | 'isNumber'>[] = [
      { key: 'name', label: this._trans.__('Name') },
      { key: 'state', label: this._trans.__('State') },
      ...columns
    ];
    const shown = wanted.map(column => column.key).join();
    if (shown !== this._shown) {
      this._shown = shown;
      // The names stay where they are: their edge may be under way.
      const [name, ...others] = wanted.map(column => this._cell(column));
      if (name && this._row.childElementCount === 0) {
        name.append(this._edge.node);
        this._row.append(name);
      }
      while (this._row.childElementCount > 1) {
        this._row.lastElementChild?.remove();
      }
      this._row.append(...others);
    }
    wanted.forEach(({ key }, index) => {
      const cell = this._row.children[index];
      if (cell) {
        setAttribute(cell, 'aria-sort', direction(sort, key));
      }
    });
  }

  private _cell(
    column: Pick<IColumn, 'key' | 'label' | 'isNumber'>
  ): HTMLElement {
    const cell = element('div', 'asyncmd-grid-headCell');
    cell.classList.toggle('asyncmd-mod-number', column.isNumber === true);
    cell.setAttribute('role', 'columnheader');
    const button = element('button', 'asyncmd-grid-sort', column.label);
    button.type = 'button';
    button.title = this._trans.__('Sort by “%1”', column.label);
    button.addEventListener('click', () => this._sort(column.key));
    cell.append(button);
    return cell;
  }

  private readonly _edge: NameEdge;
  private readonly _row = element('div', 'asyncmd-grid-heads');
  private _shown = '';
}

function direction(sort: ISort, key: SortKey): string | null {
  if (sort.key !== key) {
    return null;
  }
  return sort.descending ? 'descending' : 'ascending';
}
