import type { TranslationBundle } from '@jupyterlab/translation';

import { NAME_WIDTH } from './columns';
import { element, setAttribute } from './dom';

const STEP = 16;

/**
 * The edge of the column of names, moved by the mouse or by arrow keys; a double click, or
 * Home, gives back the width that fits.
 */
export class NameEdge {
  readonly node = element('div', 'asyncmd-grid-edge');

  /** @param resize - gets the new width in pixels, null for that which fits */
  constructor(
    trans: TranslationBundle,
    private readonly _resize: (pixels: number | null) => void
  ) {
    const { node } = this;
    node.setAttribute('role', 'separator');
    node.setAttribute('aria-orientation', 'vertical');
    node.setAttribute('aria-label', trans.__('Width of the names'));
    node.setAttribute('aria-valuemin', String(NAME_WIDTH));
    this._say(NAME_WIDTH);
    node.title = trans.__(
      'Drag, or press the left or right arrow key: the width of the names'
    );
    node.tabIndex = 0;
    node.addEventListener('pointerdown', event => this._onDown(event));
    node.addEventListener('pointermove', event => this._onMove(event));
    node.addEventListener('dblclick', event => this._onDoubleClick(event));
    node.addEventListener('keydown', event => this._onKey(event));
    node.addEventListener('focus', () => this._say(this._width));
  }

  private get _width(): number {
    return Math.round(
      this.node.parentElement?.getBoundingClientRect().width ?? NAME_WIDTH
    );
  }

  private _onDown(event: PointerEvent): void {
    this.node.setPointerCapture(event.pointerId);
    event.preventDefault();
  }

  private _onMove(event: PointerEvent): void {
    const cell = this.node.parentElement;
    if (cell && this.node.hasPointerCapture(event.pointerId)) {
      this._take(event.clientX - cell.getBoundingClientRect().left);
    }
  }

  private _onDoubleClick(event: MouseEvent): void {
    event.stopPropagation();
    this._resize(null);
  }

  private _onKey(event: KeyboardEvent): void {
    const step = { ArrowLeft: -STEP, ArrowRight: STEP }[event.key];
    if (step !== undefined) {
      this._take(this._width + step);
    } else if (event.key === 'Home') {
      this._resize(null);
    } else {
      return;
    }
    event.preventDefault();
    event.stopPropagation();
  }

  private _take(pixels: number): void {
    const width = Math.max(NAME_WIDTH, Math.round(pixels));
    this._say(width);
    this._resize(width);
  }

  private _say(pixels: number): void {
    setAttribute(this.node, 'aria-valuenow', String(pixels));
  }
}
