import type { TranslationBundle } from '@jupyterlab/translation';

import type { IJob, IRun } from './protocol';
import {
  countWord,
  kindOf,
  KINDS,
  stateOfJob,
  stateWord,
  type Kind,
  type State
} from './states';
import type { INode } from './tree';

/** How many simulations, or jobs of none, are in which state. */
export type Counts = ReadonlyMap<State, number>;

export const NOTHING: Counts = new Map();

export function countsOfJob(job: IJob): Counts {
  return new Map([[stateOfJob(job), 1]]);
}

/** By the run's own word; else by the newest job of each of its walkers. */
export function countsOfRun(run: IRun | null, jobs: readonly IJob[]): Counts {
  const known = Object.entries(run?.states ?? {}) as [State, number][];
  if (known.length > 0) {
    return new Map(known);
  }
  return run
    ? new Map([[run.state, Math.max(1, run.walkers)]])
    : sumOf([...newestOf(jobs).values()].map(countsOfJob));
}

export function sumOf(all: Iterable<Counts>): Counts {
  const sum = new Map<State, number>();
  for (const counts of all) {
    counts.forEach((n, state) => sum.set(state, (sum.get(state) ?? 0) + n));
  }
  return sum;
}

export function totalOf(counts: Counts): number {
  return [...counts.values()].reduce((sum, n) => sum + n, 0);
}

/** How many are of each kind. */
export function kindsOf(counts: Counts): Record<Kind, number> {
  const kinds = Object.fromEntries(KINDS.map(kind => [kind, 0])) as Record<
    Kind,
    number
  >;
  counts.forEach((n, state) => (kinds[kindOf(state)] += n));
  return kinds;
}

/** What came to its end first, then what did not, then what goes on. */
const ORDER: readonly State[] = [
  'reached',
  'done',
  'limit',
  'failed',
  'lost',
  'cancelled',
  'running',
  'preparing',
  'pending',
  'waiting',
  'held',
  'interrupted'
];

/** The states that there are, in the order in which they are told. */
export function inOrder(counts: Counts): [State, number][] {
  const place = (state: State): number =>
    (ORDER.indexOf(state) + ORDER.length + 1) % (ORDER.length + 1);
  return [...counts]
    .filter(([, n]) => n > 0)
    .sort(([a], [b]) => place(a) - place(b));
}

/** Each state with its number: “5 of 9 reached”, “1 failed”. */
export function countParts(
  counts: Counts,
  trans: TranslationBundle
): { state: State; n: number; text: string }[] {
  const total = totalOf(counts);
  const states = inOrder(counts);
  return states.map(([state, n], index) => {
    const word = countWord(state, trans);
    const first =
      states.length > 1
        ? trans.__('%1 of %2 %3', n, total, word)
        : trans.__('all %1 %2', n, word);
    return { state, n, text: index === 0 ? first : `${n} ${word}` };
  });
}

/** The state of one; of several how many are in which. */
export function countsText(counts: Counts, trans: TranslationBundle): string {
  const [only] = counts.keys();
  return totalOf(counts) === 1 && only
    ? stateWord(only, trans)
    : countParts(counts, trans)
        .map(part => part.text)
        .join(', ');
}

/** The state of one; of a group how many are in which. */
export function stateText(node: INode, trans: TranslationBundle): string {
  return node.level === 'job' || totalOf(node.counts) === 0
    ? stateWord(node.state, trans)
    : countsText(node.counts, trans);
}

function newestOf(jobs: readonly IJob[]): Map<string, IJob> {
  const newest = new Map<string, IJob>();
  for (const job of jobs) {
    const known = newest.get(job.walker);
    if (!known || (job.submitted ?? '') >= (known.submitted ?? '')) {
      newest.set(job.walker, job);
    }
  }
  return newest;
}
