import type { ISessionContext } from '@jupyterlab/apputils';
import type { IRenderMimeRegistry } from '@jupyterlab/rendermime';
import type { Kernel, KernelMessage } from '@jupyterlab/services';
import type { JSONObject, PartialJSONObject } from '@lumino/coreutils';
import { Signal, type ISignal } from '@lumino/signaling';

const LOSES_ALL: Kernel.Status[] = [
  'restarting',
  'autorestarting',
  'terminating',
  'dead'
];

/** What is used of a notebook's panel; the package that declares it is many times larger. */
export interface INotebook {
  readonly content: { readonly rendermime: IRenderMimeRegistry };
  readonly sessionContext: ISessionContext;
}

/** What a kernel has shown: representations by their types. */
export type Bundle = PartialJSONObject;

/** One notebook as its views see it. */
export class PageOfViews {
  constructor(private readonly panel: INotebook) {
    const context = panel.sessionContext;
    context.statusChanged.connect((_, status) => {
      if (LOSES_ALL.includes(status)) {
        this._lost.emit();
      }
    });
    context.kernelChanged.connect((_, change) => {
      if (change.oldValue) {
        this._lost.emit();
      }
    });
  }

  /** Emitted when everything that the kernel knew is gone. */
  get lost(): ISignal<this, void> {
    return this._lost;
  }

  /** Emitted when a kernel has taken runs back, so that their views can be, too. */
  get attached(): ISignal<this, void> {
    return this._attached;
  }

  tellAttached(): void {
    this._attached.emit();
  }

  get rendermime(): IRenderMimeRegistry {
    return this.panel.content.rendermime;
  }

  /**
   * Let the kernel make a view anew.
   *
   * @param recipe - what the kernel wrote beside the view
   * @param show - gets what is to be shown, now and whenever it is renewed
   * @returns what went wrong, or an empty string
   */
  async revive(
    recipe: JSONObject,
    show: (bundle: Bundle) => void
  ): Promise<string> {
    const kernel = this.panel.sessionContext.session?.kernel;
    if (!kernel) {
      return 'The notebook has no kernel.';
    }
    const literal = JSON.stringify(JSON.stringify(recipe));
    const module = '"asyncmd_jupyter.jupyter.reviving", fromlist=["revive"]';
    const future = kernel.requestExecute(
      {
        code: `await __import__(${module}).revive(${literal})`,
        store_history: false
      },
      false // so that later states of the view find their way here
    );
    let problem = '';
    future.onIOPub = message => {
      problem = problem || told(message);
      const bundle = shown(message);
      if (bundle) {
        show(bundle);
      }
    };
    const reply = await future.done;
    return reply.content.status === 'ok'
      ? problem
      : problem || 'It did not work.';
  }

  private _lost = new Signal<this, void>(this);
  private _attached = new Signal<this, void>(this);
}

function shown(message: KernelMessage.IIOPubMessage): Bundle | null {
  const kind = message.header.msg_type;
  if (kind !== 'display_data' && kind !== 'update_display_data') {
    return null;
  }
  return (message.content as { data: Bundle }).data;
}

function told(message: KernelMessage.IIOPubMessage): string {
  if (message.header.msg_type !== 'error') {
    return '';
  }
  const { ename, evalue } =
    message.content as KernelMessage.IErrorMsg['content'];
  return ename === 'ModuleNotFoundError'
    ? `This kernel has no asyncmd_jupyter (${evalue}).`
    : evalue || ename;
}
