import type { TranslationBundle } from '@jupyterlab/translation';

import { countsOfRun, countsText, sumOf, totalOf } from './counts';
import type { Notifications } from './options';
import type { IRun } from './protocol';
import { kindOf } from './states';

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
  const text = runs.length === 1 ? one(first, trans) : many(runs, trans);
  return { text, isBad: failed.length > 0, runs };
}

function hasFailed(run: IRun): boolean {
  return kindOf(run.state) === 'failed';
}

function one(run: IRun, trans: TranslationBundle): string {
  const counts = countsOfRun(run, []);
  return totalOf(counts) === 1 && hasFailed(run)
    ? trans.__('Run “%1” has failed.', run.name)
    : trans.__('Run “%1” has ended: %2.', run.name, countsText(counts, trans));
}

function many(runs: readonly IRun[], trans: TranslationBundle): string {
  const counts = sumOf(runs.map(run => countsOfRun(run, [])));
  return trans.__(
    'Runs %1 have ended: %2.',
    namesOf(runs, trans),
    countsText(counts, trans)
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
