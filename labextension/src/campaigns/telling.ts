import type { TranslationBundle } from '@jupyterlab/translation';

import type { Notifications } from './options';
import type { IRun } from './protocol';
import { kindOf, stateWord } from './states';

const MOST_NAMES = 3;

/** What is said about runs that have ended in one moment. */
export interface ITold {
  readonly text: string;
  readonly isBad: boolean;
  /** The runs that are shown to whoever wants to know more. */
  readonly runs: readonly IRun[];
}

/** @returns null if nothing shall be said about them */
export function told(
  ended: readonly IRun[],
  wanted: Notifications,
  trans: TranslationBundle
): ITold | null {
  const failed = ended.filter(hasFailed);
  const others = ended.filter(run => !hasFailed(run));
  const runs = wanted === 'failures' ? failed : [...failed, ...others];
  const [first] = runs;
  if (wanted === 'none' || !first) {
    return null;
  }
  const text =
    runs.length === 1 ? one(first, trans) : many(runs, failed.length, trans);
  return { text, isBad: failed.length > 0, runs };
}

function hasFailed(run: IRun): boolean {
  return kindOf(run.state) === 'failed';
}

function one(run: IRun, trans: TranslationBundle): string {
  return hasFailed(run)
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
  const names = namesOf(runs, trans);
  if (failed === 0) {
    return trans.__('Runs %1 have ended.', names);
  }
  return failed === runs.length
    ? trans.__('Runs %1 have failed.', names)
    : trans._n(
        'Runs %2 have ended, %1 of them failed.',
        'Runs %2 have ended, %1 of them failed.',
        failed,
        names
      );
}

/** Up to three, or two and how many more. */
function namesOf(runs: readonly IRun[], trans: TranslationBundle): string {
  const names = runs.map(run => trans.__('“%1”', run.name));
  if (names.length > MOST_NAMES) {
    const shown = names.slice(0, MOST_NAMES - 1).join(', ');
    const more = names.length - MOST_NAMES + 1;
    return trans._n('%2 and %1 more', '%2 and %1 more', more, shown);
  }
  return trans.__('%1 and %2', names.slice(0, -1).join(', '), names.at(-1));
}
