import { Notification } from '@jupyterlab/apputils';
import type { TranslationBundle } from '@jupyterlab/translation';

import type { IOptions } from './options';
import type { IRun } from './protocol';
import { told, type ITold } from './telling';

const SHOWN_MILLISECONDS = 8000;

export interface INotifierParts {
  readonly trans: TranslationBundle;
  options(): IOptions;
  /** Whether what is told is in sight anyway. */
  isInSight(): boolean;
  show(runs: readonly IRun[]): void;
  /** Remember that all that has ended so far was seen. */
  onSeen(): void;
}

/**
 * Tells of runs that have ended since somebody looked, in one notification at a time, and
 * takes it back when they have been seen.
 */
export class Notifier {
  constructor(private readonly _parts: INotifierParts) {}

  tell(ended: readonly IRun[]): void {
    const { notifications } = this._parts.options();
    if (!told(ended, notifications, this._parts.trans)) {
      return;
    }
    const before = Notification.manager.has(this._id) ? this._runs : [];
    const all = [...before, ...ended].map(run => [run.key, run] as const);
    this._runs = [...new Map(all).values()];
    const news = told(this._runs, notifications, this._parts.trans);
    Notification.dismiss(this._id);
    this._id = news ? this._emit(news) : '';
    this._lookAgain();
  }

  /** Somebody has looked: what was told goes. */
  seen(): void {
    clearTimeout(this._timer);
    this._parts.onSeen();
    this._runs = [];
    Notification.dismiss(this._id);
    this._id = '';
  }

  /** Where the list is in sight, what is told in it is seen as long as a note is shown. */
  private _lookAgain(): void {
    clearTimeout(this._timer);
    this._timer = setTimeout(() => {
      if (this._parts.isInSight()) {
        this.seen();
      }
    }, SHOWN_MILLISECONDS);
  }

  private _emit({ text, isBad, runs }: ITold): string {
    return Notification.emit(text, isBad ? 'error' : 'success', {
      autoClose: isBad ? false : SHOWN_MILLISECONDS,
      actions: [
        {
          label: this._parts.trans.__('Show'),
          callback: () => {
            this.seen();
            this._parts.show(runs);
          }
        }
      ]
    });
  }

  private _id = '';
  private _runs: readonly IRun[] = [];
  private _timer: ReturnType<typeof setTimeout> | undefined;
}
