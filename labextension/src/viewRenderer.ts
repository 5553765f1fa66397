import type { IRenderMime } from '@jupyterlab/rendermime';
import type { TranslationBundle } from '@jupyterlab/translation';
import type { JSONObject } from '@lumino/coreutils';
import { Panel, Widget } from '@lumino/widgets';

import type { Bundle, PageOfViews } from './viewPage';

/** Says how a kernel can make the view anew. */
export const VIEW_MIME = 'application/vnd.asyncmd.view+json';
const WIDGET_MIME = 'application/vnd.jupyter.widget-view+json';
const PATIENCE_MS = 20_000;

interface IRecipe extends JSONObject {
  kind: string;
}

/**
 * Shows the widget of a view; until it is there, or when its kernel has gone, the state
 * that the notebook holds, with a sentence and a button that brings the view back.
 */
export class ViewRenderer extends Panel implements IRenderMime.IRenderer {
  constructor(page: PageOfViews, trans: TranslationBundle) {
    super();
    this._page = page;
    this._trans = trans;
    this.addClass('asyncmd-View');
    page.lost.connect(this._onLost, this);
    page.attached.connect(this._onAttached, this);
  }

  override dispose(): void {
    this._page.lost.disconnect(this._onLost, this);
    this._page.attached.disconnect(this._onAttached, this);
    this._dropLive();
    super.dispose();
  }

  async renderModel(model: IRenderMime.IMimeModel): Promise<void> {
    this._model = model;
    const id = model.trusted ? modelId(model) : null;
    const isTheSame =
      id !== null && id === this._modelId && this._live !== null;
    await this._renderStill(model);
    if (isTheSame) {
      return;
    }
    this._dropLive();
    this._modelId = id;
    if (id === null) {
      this._setState(this._isDead ? 'dead' : 'still');
      return;
    }
    this._isDead = false;
    this._renderLive(model);
  }

  private async _renderStill(model: IRenderMime.IMimeModel): Promise<void> {
    const type = 'text/html' in model.data ? 'text/html' : 'text/plain';
    const still = this._page.rendermime.createRenderer(type);
    await still.renderModel(model);
    if (this.isDisposed) {
      still.dispose();
      return;
    }
    this._still?.dispose();
    this._still = still;
    still.setHidden(this._state === 'live');
    this.insertWidget(0, still);
  }

  private _renderLive(model: IRenderMime.IMimeModel): void {
    const live = this._page.rendermime.createRenderer(WIDGET_MIME);
    this._live = live;
    this._setState('loading');
    this.addWidget(live);
    // The widgets' renderer tells only by what is on the page whether it found its model.
    this._observer = new MutationObserver(() => this._look());
    this._observer.observe(live.node, {
      childList: true,
      characterData: true,
      subtree: true
    });
    this._rendered = live.renderModel(model);
    void this._rendered.then(() => this._look());
    this._waitForManager(model);
    this._giveUpLater(live);
  }

  /** Offer the button where the widget does not come; if it comes later, it is shown. */
  private _giveUpLater(live: IRenderMime.IRenderer): void {
    setTimeout(() => {
      const waits = !this.isDisposed && this._state === 'loading';
      if (waits && this._live === live) {
        this._isLate = true;
        this._setState('dead');
      }
    }, PATIENCE_MS);
  }

  /**
   * A page that is being restored may draw outputs before the widgets' manager has put its
   * renderer into the notebook; the one from before would wait for ever.
   */
  private _waitForManager(model: IRenderMime.IMimeModel): void {
    const { rendermime } = this._page;
    const used = rendermime.getFactory(WIDGET_MIME);
    const live = this._live;
    const timer = setInterval(() => {
      if (this.isDisposed || this._live !== live || this._state !== 'loading') {
        clearInterval(timer);
      } else if (rendermime.getFactory(WIDGET_MIME) !== used) {
        clearInterval(timer);
        this._dropLive();
        this._renderLive(model);
      }
    }, 250);
  }

  private _look(): void {
    const isAwaited = this._state === 'loading' || this._isLate;
    if (!isAwaited || this._live === null) {
      return;
    }
    if (this._live instanceof Panel && this._live.widgets.length > 0) {
      this._observer?.disconnect();
      this._isLate = false;
      this._setState('live');
      if (recipe(this._model)?.['attaches'] === true) {
        this._page.tellAttached();
      }
    } else if (this._live.node.textContent?.startsWith('Error')) {
      this._dropLive();
      this._setState('dead');
    }
  }

  /** The widgets' renderer fails if it is disposed before it has found its model. */
  private _dropLive(): void {
    const live = this._live;
    this._observer?.disconnect();
    this._live = null;
    this._isLate = false;
    if (live) {
      live.parent = null;
      void this._rendered.catch(() => undefined).then(() => live.dispose());
    }
  }

  private _onLost(): void {
    // What is on the screen is newer than what is saved: it stays, but can't be used.
    if (this._state === 'live' || this._state === 'loading') {
      this._setState('dead');
    }
  }

  private _onAttached(): void {
    if (this._state === 'dead') {
      void this._revive();
    }
  }

  private _setState(state: 'still' | 'loading' | 'live' | 'dead'): void {
    this._state = state;
    this._isDead = state === 'dead';
    this.node.dataset['state'] = state;
    const hasLive = this._live !== null && state !== 'loading' && !this._isLate;
    this._live?.setHidden(!hasLive);
    this._live?.node.toggleAttribute('inert', state === 'dead');
    this._still?.setHidden(hasLive);
    this._banner?.dispose();
    this._banner = state === 'dead' ? this._makeBanner() : null;
    if (this._banner) {
      this.insertWidget(0, this._banner);
    }
  }

  private _makeBanner(): Widget {
    const banner = new Widget();
    banner.addClass('asyncmd-View-banner');
    banner.node.setAttribute('role', 'status');
    const sentence = document.createElement('span');
    sentence.textContent = this._isLate
      ? this._trans.__(
          'This view has not come up and shows the last state that was saved.'
        )
      : this._trans.__(
          'This view has lost its kernel and shows the last state. “%asyncmd attach” brings runs and views back.'
        );
    banner.node.append(sentence);
    if (recipe(this._model)) {
      const button = document.createElement('button');
      button.type = 'button';
      button.className = 'jp-mod-styled jp-mod-minimal';
      button.textContent = this._trans.__('Bring this view back');
      button.onclick = () => void this._revive();
      banner.node.append(button);
    }
    return banner;
  }

  private async _revive(): Promise<void> {
    const what = recipe(this._model);
    const button = this._banner?.node.querySelector('button');
    if (!what || this._isReviving) {
      return;
    }
    this._isReviving = true;
    button?.setAttribute('disabled', '');
    try {
      const problem = await this._page.revive(what, bundle =>
        this._take(bundle)
      );
      if (problem) {
        this._say(problem);
      }
    } finally {
      this._isReviving = false;
      button?.removeAttribute('disabled');
    }
  }

  /** Put what the kernel shows into the notebook, which renders it here. */
  private _take(bundle: Bundle): void {
    this._model?.setData({ data: bundle });
  }

  private _say(problem: string): void {
    const sentence = this._banner?.node.querySelector('span');
    if (sentence) {
      sentence.textContent = this._trans.__(
        'It can’t be brought back: %1',
        problem
      );
    }
  }

  private _page: PageOfViews;
  private _trans: TranslationBundle;
  private _model: IRenderMime.IMimeModel | null = null;
  private _modelId: string | null = null;
  private _state: 'still' | 'loading' | 'live' | 'dead' = 'still';
  private _isDead = false;
  private _isLate = false;
  private _isReviving = false;
  private _still: Widget | null = null;
  private _live: IRenderMime.IRenderer | null = null;
  private _rendered: Promise<void> = Promise.resolve();
  private _banner: Widget | null = null;
  private _observer: MutationObserver | null = null;
}

function modelId(model: IRenderMime.IMimeModel): string | null {
  const view = model.data[WIDGET_MIME] as JSONObject | undefined;
  const id = view?.['model_id'];
  return typeof id === 'string' && id ? id : null;
}

function recipe(model: IRenderMime.IMimeModel | null): IRecipe | null {
  const found = model?.data[VIEW_MIME] as IRecipe | undefined;
  return found && typeof found.kind === 'string' ? found : null;
}
