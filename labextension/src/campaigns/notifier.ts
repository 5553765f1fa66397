import { Notification } from '@jupyterlab/apputils';
import type { TranslationBundle } from '@jupyterlab/translation';

import type { IOptions } from './options';
import type { IRun } from './protocol';
import { told, type ITold } from './telling';

const SHOWN_MILLISECONDS = 8000;

/** Tells of runs that have ended, in one notification at a time. */
export class Notifier {
  constructor(
    private readonly _trans: TranslationBundle,
    private readonly _options: () => IOptions,
    private readonly _show: (runs: readonly IRun[]) => void
  ) {}

  /** What was told before and nobody has dismissed yet is told together with the news. */
  tell(ended: readonly IRun[]): void {
    const { notifications } = this._options();
    if (!told(ended, notifications, this._trans)) {
      return;
    }
    const before = Notification.manager.has(this._id) ? this._runs : [];
    const all = [...before, ...ended].map(run => [run.key, run] as const);
    this._runs = [...new Map(all).values()];
    const news = told(this._runs, notifications, this._trans);
    Notification.dismiss(this._id);
    this._id = news ? this._emit(news) : '';
  }

  private _emit({ text, isBad, runs }: ITold): string {
    return Notification.emit(text, isBad ? 'error' : 'success', {
      autoClose: isBad ? false : SHOWN_MILLISECONDS,
      actions: [
        {
          label: this._trans.__('Show'),
          callback: () => {
            this._runs = [];
            this._show(runs);
          }
        }
      ]
    });
  }

  private _id = '';
  private _runs: readonly IRun[] = [];
}
