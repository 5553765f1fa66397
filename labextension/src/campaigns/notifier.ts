import { Notification } from '@jupyterlab/apputils';
import type { TranslationBundle } from '@jupyterlab/translation';

import type { IOptions } from './options';
import type { IRun } from './protocol';
import { kindOf, stateWord } from './states';

const SHOWN_MILLISECONDS = 8000;

/** Tells of runs that have ended. */
export class Notifier {
  constructor(
    private readonly _trans: TranslationBundle,
    private readonly _options: () => IOptions,
    private readonly _show: (run: IRun) => void
  ) {}

  /** Many ends in one moment are one notification. */
  tell(ended: readonly IRun[]): void {
    const wanted = this._options().notifications;
    const failed = ended.filter(run => kindOf(run.state) === 'failed');
    const runs = wanted === 'failures' ? failed : ended;
    const first = runs[0];
    if (wanted === 'none' || !first) {
      return;
    }
    const text =
      runs.length === 1 ? this._one(first) : this._many(runs, failed.length);
    Notification.emit(text, failed.length > 0 ? 'error' : 'success', {
      autoClose: failed.length > 0 ? false : SHOWN_MILLISECONDS,
      actions: [
        { label: this._trans.__('Show'), callback: () => this._show(first) }
      ]
    });
  }

  private _one(run: IRun): string {
    return kindOf(run.state) === 'failed'
      ? this._trans.__('Run “%1” has failed.', run.name)
      : this._trans.__(
          'Run “%1” has ended: %2.',
          run.name,
          stateWord(run.state, this._trans)
        );
  }

  private _many(runs: readonly IRun[], failed: number): string {
    return failed > 0
      ? this._trans.__(
          '%1 runs have ended, %2 of them failed.',
          runs.length,
          failed
        )
      : this._trans.__('%1 runs have ended.', runs.length);
  }
}
