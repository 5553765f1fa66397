import type { TranslationBundle } from '@jupyterlab/translation';

import type { Fact } from './facts';
import type { ILine } from './lines';
import type { Action, IJob } from './protocol';
import { jobsOf, runsOf } from './selection';
import { KINDS, kindOf, kindWord, stateOfJob } from './states';
import { canRun } from './underWay';

/** How many lines are selected, and of what. */
export function selectedWords(
  lines: readonly ILine[],
  trans: TranslationBundle
): string {
  const n = lines.length;
  const levels = new Set(lines.map(line => line.node.level));
  if (levels.size > 1) {
    return trans._n('%1 line selected', '%1 lines selected', n);
  }
  if (levels.has('job')) {
    return trans._n('%1 job selected', '%1 jobs selected', n);
  }
  return levels.has('run')
    ? trans._n('%1 run selected', '%1 runs selected', n)
    : trans._n('%1 campaign selected', '%1 campaigns selected', n);
}

/** What can be said of several lines: what is done to how many of their jobs. */
export function factsOfSeveral(
  lines: readonly ILine[],
  trans: TranslationBundle
): Fact[] {
  const jobs = jobsOf(lines);
  const runs = runsOf(lines);
  const able = (action: Action): string => {
    const n = jobs.filter(job => job.can.includes(action)).length;
    const whole = runs.filter(run => canRun(run, action)).length;
    const isWorthSaying = n > 0 || action === 'cancel';
    return [
      isWorthSaying ? trans.__('%1 of %2', n, jobs.length) : '',
      whole > 0 ? trans._n('%1 run', '%1 runs', whole) : ''
    ]
      .filter(Boolean)
      .join(', ');
  };
  const facts: Fact[] = [
    [trans.__('Jobs'), statesOf(jobs, trans)],
    [trans.__('Can be cancelled'), able('cancel')],
    [trans.__('Can be held'), able('hold')],
    [trans.__('Can be released'), able('release')],
    [trans.__('Can be put back'), able('requeue')]
  ];
  return facts.filter(([, value]) => value !== '');
}

function statesOf(jobs: readonly IJob[], trans: TranslationBundle): string {
  const words = KINDS.map(kind => {
    const n = jobs.filter(job => kindOf(stateOfJob(job)) === kind).length;
    return n > 0 ? kindWord(kind, n, trans) : '';
  });
  return words.filter(Boolean).join(', ') || '0';
}
