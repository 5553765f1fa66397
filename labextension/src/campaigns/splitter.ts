import type { TranslationBundle } from '@jupyterlab/translation';

import { element, setAttribute } from './dom';

/** The line between tree and details, moved by the mouse or by arrow keys. */
export class Splitter {
  readonly node = element('div', 'asyncmd-splitter');

  /** @param move - gets the part of the height that lies below */
  constructor(
    trans: TranslationBundle,
    private readonly _move: (share: number) => void
  ) {
    this.node.setAttribute('role', 'separator');
    this.node.setAttribute('aria-orientation', 'horizontal');
    this.node.setAttribute('aria-label', trans.__('Height of the details'));
    this.node.setAttribute('aria-valuemin', '15');
    this.node.setAttribute('aria-valuemax', '80');
    this.node.tabIndex = 0;
    this.node.addEventListener('pointerdown', event => this._onDown(event));
    this.node.addEventListener('pointermove', event => this._onMove(event));
    this.node.addEventListener('keydown', event => this._onKey(event));
  }

  set share(share: number) {
    this._share = share;
    setAttribute(this.node, 'aria-valuenow', String(Math.round(share * 100)));
  }

  private _onDown(event: PointerEvent): void {
    this.node.setPointerCapture(event.pointerId);
    event.preventDefault();
  }

  private _onMove(event: PointerEvent): void {
    const parent = this.node.parentElement;
    if (parent && this.node.hasPointerCapture(event.pointerId)) {
      const { bottom, height } = parent.getBoundingClientRect();
      this._move((bottom - event.clientY) / height);
    }
  }

  private _onKey(event: KeyboardEvent): void {
    const step = { ArrowUp: 0.05, ArrowDown: -0.05 }[event.key];
    if (step) {
      this._move(this._share + step);
      event.preventDefault();
    }
  }

  private _share = 0.5;
}
