import type { TranslationBundle } from '@jupyterlab/translation';

import type { Notifications } from './options';
import type { IRun } from './protocol';
import { kindOf, stateWord } from './states';

/** What is said about runs that have ended in one moment. */
export interface ITold {
  readonly text: string;
  readonly isBad: boolean;
  /** The run that is shown to whoever wants to know more. */
  readonly first: IRun;
}

/** @returns null if nothing shall be said about them */
export function told(
  ended: readonly IRun[],
  wanted: Notifications,
  trans: TranslationBundle
): ITold | null {
  const failed = ended.filter(run => kindOf(run.state) === 'failed');
  const runs = wanted === 'failures' ? failed : ended;
  const first = failed[0] ?? runs[0];
  if (wanted === 'none' || !first) {
    return null;
  }
  const text =
    runs.length === 1 ? one(first, trans) : many(runs, failed.length, trans);
  return { text, isBad: failed.length > 0, first };
}

function one(run: IRun, trans: TranslationBundle): string {
  return kindOf(run.state) === 'failed'
    ? trans.__('Run “%1” has failed.', run.name)
    : trans.__(
        'Run “%1” has ended: %2.',
        run.name,
        stateWord(run.state, trans)
      );
}

function many(
  runs: readonly IRun[],
  failed: number,
  trans: TranslationBundle
): string {
  return failed > 0
    ? trans.__('%1 runs have ended, %2 of them failed.', runs.length, failed)
    : trans.__('%1 runs have ended.', runs.length);
}
