import type { TranslationBundle } from '@jupyterlab/translation';
import type { Message } from '@lumino/messaging';
import { Signal, type ISignal } from '@lumino/signaling';
import { Widget } from '@lumino/widgets';

import { isWide, template, type IColumn } from './columns';
import { setAttribute } from './dom';
import { GridBody } from './gridBody';
import { GridHead, HEAD_HEIGHT } from './gridHead';
import { ROW_HEIGHT } from './gridRow';
import type { ILine } from './lines';
import { moveFor } from './moves';
import { placeOf, Selection } from './selection';
import type { ISort, SortKey } from './sorting';
import type { INode } from './tree';
import type { UnderWay } from './underWay';
import { scrollFor, windowOf } from './windowing';

/** A tree of thousands of lines with columns, of which only those near the eye are drawn. */
export class CampaignGrid extends Widget {
  readonly selection = new Selection();

  constructor(
    trans: TranslationBundle,
    underWay: UnderWay,
    isRemoved: (node: INode) => boolean
  ) {
    super();
    this.addClass('asyncmd-grid');
    this._head = new GridHead(
      trans,
      key => this._sorted.emit(key),
      pixels => this._resized.emit(pixels)
    );
    this._body = new GridBody(trans, underWay, isRemoved);
    setAttribute(this.node, 'role', 'treegrid');
    setAttribute(this.node, 'aria-multiselectable', 'true');
    setAttribute(this.node, 'aria-label', trans.__('Runs and jobs'));
    this.node.append(this._head.node, this._body.node);
  }

  get lines(): readonly ILine[] {
    return this._lines;
  }

  /** Emitted when another line is chosen, or others. */
  get selected(): ISignal<this, void> {
    return this._selected;
  }

  /** Emitted with a line that is to be opened or closed. */
  get toggled(): ISignal<this, ILine> {
    return this._toggled;
  }

  /** Emitted when somebody wants to see all about what is chosen. */
  get opened(): ISignal<this, void> {
    return this._opened;
  }

  get sorted(): ISignal<this, SortKey> {
    return this._sorted;
  }

  /** Emitted with another width of the names; null for that which fits. */
  get resized(): ISignal<this, number | null> {
    return this._resized;
  }

  /** Choose those of some lines that are there, and go to the first of them. */
  choose(keys: ReadonlySet<string>): void {
    if (this.selection.chooseOnly(this._lines, keys)) {
      this._changed();
    }
  }

  /** Show these lines. */
  setLines(
    lines: readonly ILine[],
    columns: readonly IColumn[],
    sort: ISort,
    nameWidth: number | null
  ): void {
    const hadFocus = this._body.hasFocus;
    const isOther = this.selection.keep(lines, this._lines);
    this._lines = lines;
    this._head.update(columns, sort);
    const width = this.node.clientWidth;
    const tracks = template(columns, width, nameWidth);
    this.node.style.setProperty('--asyncmd-columns', tracks);
    this.toggleClass('asyncmd-mod-wide', isWide(width));
    setAttribute(this.node, 'aria-rowcount', String(lines.length + 1));
    setAttribute(this.node, 'aria-colcount', String(columns.length + 2));
    this._body.setLines(lines, columns);
    this.draw(this._now);
    if (hadFocus && !this._body.hasFocus) {
      this.focusActive();
    }
    if (isOther) {
      this._selected.emit();
    }
  }

  /** Draw what is seen now. */
  draw(now: number): void {
    this._now = now;
    const { from, to } = this._window();
    const active = placeOf(this._lines, this.selection.active);
    const places = new Set<number>();
    for (let place = from; place < to; place++) {
      places.add(place);
    }
    if (active >= 0) {
      places.add(active); // or the focus would be lost by scrolling
    }
    this._body.draw(places, this.selection, now);
  }

  /** Put the focus on the active line. */
  focusActive(): void {
    const place = Math.max(0, placeOf(this._lines, this.selection.active));
    this._reveal(place);
    this._body.focus(place);
  }

  handleEvent(event: Event): void {
    switch (event.type) {
      case 'scroll':
        this.draw(this._now);
        break;
      case 'keydown':
        this._onKey(event as KeyboardEvent);
        break;
      case 'mousedown':
        this._onDown(event as MouseEvent);
        break;
      case 'click':
        this._onClick(event as MouseEvent);
        break;
      case 'dblclick':
        this._onDoubleClick(event as MouseEvent);
        break;
      case 'contextmenu':
        this._onContextMenu(event as MouseEvent);
        break;
    }
  }

  protected override onAfterAttach(_: Message): void {
    EVENTS.forEach(type => this.node.addEventListener(type, this));
  }

  protected override onBeforeDetach(_: Message): void {
    EVENTS.forEach(type => this.node.removeEventListener(type, this));
  }

  protected override onResize(_: Message): void {
    this.draw(this._now);
  }

  private _window(): { from: number; to: number } {
    const { scrollTop, clientHeight } = this.node;
    const height = Math.max(0, clientHeight - HEAD_HEIGHT);
    return windowOf(scrollTop, height, ROW_HEIGHT, this._lines.length);
  }

  private _keyAt(place: number): string {
    return this._lines[place]?.node.key ?? '';
  }

  private _reveal(place: number): void {
    const height = this.node.clientHeight - HEAD_HEIGHT;
    this.node.scrollTop = scrollFor(
      place,
      this.node.scrollTop,
      height,
      ROW_HEIGHT
    );
    this.draw(this._now);
  }

  private _lineOf(event: Event): ILine | null {
    const row = (event.target as Element).closest<HTMLElement>('[data-key]');
    const place = placeOf(this._lines, row?.dataset['key'] ?? '');
    return this._lines[place] ?? null;
  }

  private _onKey(event: KeyboardEvent): void {
    const line = this._lineOf(event);
    if (!line || event.altKey) {
      return;
    }
    if (this._move(event, line) || this._press(event, line)) {
      event.preventDefault();
      event.stopPropagation();
    }
  }

  private _move(event: KeyboardEvent, line: ILine): boolean {
    const from = this._lines.indexOf(line);
    const page = Math.floor(this.node.clientHeight / ROW_HEIGHT) - 2;
    const move = moveFor(event.key, this._lines, from, Math.max(1, page));
    if (move === null || event.ctrlKey || event.metaKey) {
      return false;
    }
    if ('toggle' in move) {
      this._toggled.emit(line);
      return true;
    }
    const key = this._keyAt(move.to);
    if (event.shiftKey) {
      this.selection.extend(this._lines, key);
    } else {
      this.selection.choose(key);
    }
    this._changed();
    return true;
  }

  private _press(event: KeyboardEvent, line: ILine): boolean {
    const isCommand = event.ctrlKey || event.metaKey;
    if (event.key === ' ') {
      this.selection.toggle(line.node.key);
    } else if (event.key === 'a' && isCommand) {
      this.selection.chooseAll(this._lines);
    } else if (event.key === 'Escape' && this.selection.size > 1) {
      this.selection.choose(line.node.key);
    } else if (event.key === 'Enter' && !isCommand) {
      this._open(line.node.key);
      return true;
    } else {
      return false;
    }
    this._changed();
    return true;
  }

  /** Or the browser would select all text from where the last click was. */
  private _onDown(event: MouseEvent): void {
    if (event.shiftKey && event.button === 0 && this._lineOf(event)) {
      event.preventDefault();
    }
  }

  private _onClick(event: MouseEvent): void {
    const line = this._lineOf(event);
    if (!line) {
      return;
    }
    if ((event.target as Element).closest('.asyncmd-grid-caret')) {
      this.selection.move(line.node.key);
      this._toggled.emit(line);
      this.focusActive();
      return;
    }
    if (event.shiftKey) {
      this.selection.extend(this._lines, line.node.key);
    } else if (event.ctrlKey || event.metaKey) {
      this.selection.toggle(line.node.key);
    } else {
      this.selection.choose(line.node.key);
      this._open(line.node.key);
      return;
    }
    this._changed();
  }

  private _open(key: string): void {
    if (!this.selection.has(key)) {
      this.selection.choose(key);
    }
    this._changed();
    this._opened.emit(); // last, since details may take the focus
  }

  private _onDoubleClick(event: MouseEvent): void {
    const line = this._lineOf(event);
    const isOnCaret = (event.target as Element).closest('.asyncmd-grid-caret');
    if (line && line.isOpen !== null && !isOnCaret) {
      this._toggled.emit(line);
    }
  }

  /** A menu is about the line under the mouse, or all chosen ones if it is among them. */
  private _onContextMenu(event: MouseEvent): void {
    const line = this._lineOf(event);
    if (line && !this.selection.has(line.node.key)) {
      this.selection.choose(line.node.key);
      this._changed();
    }
  }

  private _changed(): void {
    this.focusActive();
    this._selected.emit();
  }

  private readonly _head: GridHead;
  private readonly _body: GridBody;
  private _lines: readonly ILine[] = [];
  private _now = Date.now();
  private _selected = new Signal<this, void>(this);
  private _toggled = new Signal<this, ILine>(this);
  private _opened = new Signal<this, void>(this);
  private _sorted = new Signal<this, SortKey>(this);
  private _resized = new Signal<this, number | null>(this);
}

const EVENTS = [
  'scroll',
  'keydown',
  'mousedown',
  'click',
  'dblclick',
  'contextmenu'
];
