import type { TranslationBundle } from '@jupyterlab/translation';

import type { IJob, IRun } from './protocol';
import { kindOf, type Kind, type State } from './states';
import { timeOf } from './times';
import { countKinds, type ICount } from './tree';

const DAY_MILLISECONDS = 86_400_000;

/** Kinds of states that are told at the bottom of the window. */
export const SHOWN = ['running', 'waiting', 'failed'] as const;

export type Tally = Readonly<Record<(typeof SHOWN)[number], number>>;

/** What runs or waits now and is ours, and what failed or was interrupted in the last day. */
export function tally(
  jobs: Iterable<IJob>,
  runs: Iterable<IRun>,
  now: number
): Tally {
  const isOld = (state: State, ended: string | null): boolean =>
    (kindOf(state) === 'failed' || state === 'interrupted') &&
    now - timeOf(ended) > DAY_MILLISECONDS;
  const counts = countKinds(
    [...jobs].filter(job => job.ours && !isOld(job.state, job.ended)),
    [...runs].filter(run => !isOld(run.state, run.updated))
  );
  const total = (kind: Kind): number => counts[kind].jobs + counts[kind].runs;
  return {
    running: total('running'),
    waiting: total('waiting'),
    failed: total('failed')
  };
}

/** What is counted: jobs, and runs beside them. */
export function countedWords(
  { jobs, runs }: ICount,
  trans: TranslationBundle
): string {
  const some = [
    jobs > 0 ? trans._n('%1 job', '%1 jobs', jobs) : '',
    runs > 0 ? trans._n('%1 run', '%1 runs', runs) : ''
  ].filter(Boolean);
  return some.length > 1
    ? trans.__('%1 and %2', some[0], some[1])
    : (some[0] ?? '');
}
