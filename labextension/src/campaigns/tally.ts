import type { IJob, IRun } from './protocol';
import { kindOf, type State } from './states';
import { timeOf } from './times';
import { countKinds } from './tree';

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
  const { running, waiting, failed } = counts;
  return { running, waiting, failed };
}
