import type { TranslationBundle } from '@jupyterlab/translation';

import type { IColumn } from './columns';
import { element } from './dom';
import { GridRow, ROW_HEIGHT } from './gridRow';
import type { ILine } from './lines';
import type { Selection } from './selection';
import type { INode } from './tree';
import type { UnderWay } from './underWay';

/** The rows of a grid, drawn only where they are asked for. */
export class GridBody {
  readonly node = element('div', 'asyncmd-grid-body');

  constructor(
    private readonly _trans: TranslationBundle,
    private readonly _underWay: UnderWay,
    private readonly _isRemoved: (node: INode) => boolean
  ) {
    this.node.setAttribute('role', 'rowgroup');
  }

  get hasFocus(): boolean {
    return this.node.contains(document.activeElement);
  }

  setLines(lines: readonly ILine[], columns: readonly IColumn[]): void {
    [this._lines, this._columns] = [lines, columns];
    this.node.style.height = `${lines.length * ROW_HEIGHT}px`;
  }

  /** Draw the lines at these places and no others. */
  draw(places: ReadonlySet<number>, selection: Selection, now: number): void {
    this._drop(new Set([...places].map(place => this._keyAt(place))));
    places.forEach(place => this._drawLine(place, selection, now));
  }

  focus(place: number): void {
    this._rows.get(this._keyAt(place))?.node.focus();
  }

  private _keyAt(place: number): string {
    return this._lines[place]?.node.key ?? '';
  }

  private _drop(kept: ReadonlySet<string>): void {
    for (const [key, row] of this._rows) {
      if (!kept.has(key)) {
        row.node.remove();
        this._rows.delete(key);
      }
    }
  }

  private _drawLine(place: number, selection: Selection, now: number): void {
    const line = this._lines[place];
    if (!line) {
      return;
    }
    const { key } = line.node;
    let row = this._rows.get(key);
    if (!row) {
      row = new GridRow(this._trans);
      this._rows.set(key, row);
      this.node.append(row.node);
    }
    const isActive = key === selection.active;
    const isSelected = selection.has(key);
    const doing = this._underWay.of(line.node);
    row.update(line, this._columns, {
      place,
      isSelected,
      isActive,
      isRemoved: this._isRemoved(line.node),
      doing,
      now
    });
  }

  private readonly _rows = new Map<string, GridRow>();
  private _lines: readonly ILine[] = [];
  private _columns: readonly IColumn[] = [];
}
