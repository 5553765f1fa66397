import type { IJob, IRun } from './protocol';
import { isActive, stateOfJob } from './states';
import { timeOf } from './times';
import { runKey, type INode } from './tree';

/** Lines that were taken off the list, and when: what goes on again comes back by itself. */
export type Removed = Readonly<Record<string, number>>;

export interface IListed {
  readonly jobs: readonly IJob[];
  readonly runs: readonly IRun[];
  /** How many lines are off the list. */
  readonly removed: number;
}

/** What stays on the list; files are never touched. */
export function listed(
  jobs: readonly IJob[],
  runs: Iterable<IRun>,
  removed: Removed,
  showsRemoved: boolean
): IListed {
  const all = [...runs];
  if (Object.keys(removed).length === 0) {
    return { jobs, runs: all, removed: 0 };
  }
  const known = new Map(all.map(run => [run.key, run]));
  const isOff = (job: IJob): boolean =>
    known.has(runKey(job)) && job.run
      ? isRunOff(known.get(runKey(job)) as IRun, removed)
      : isJobOff(job, removed);
  const off = new Set([
    ...all.filter(run => isRunOff(run, removed)).map(run => run.key),
    ...jobs.filter(isOff).map(job => (job.run ? runKey(job) : job.id))
  ]);
  return showsRemoved
    ? { jobs, runs: all, removed: off.size }
    : {
        jobs: jobs.filter(job => !isOff(job)),
        runs: all.filter(run => !isRunOff(run, removed)),
        removed: off.size
      };
}

/** What of some lines can be taken off the list, by the names that it is remembered by. */
export function removable(nodes: readonly INode[]): string[] {
  return [...new Set(nodes.flatMap(ended))];
}

/** Whether all that lies in a line is off the list. */
export function isRemoved(node: INode, removed: Removed): boolean {
  const keys = ended(node);
  return (
    keys.length > 0 &&
    !isActive(node.state) &&
    keys.every(key => key in removed)
  );
}

function ended(node: INode): string[] {
  if (node.level === 'run') {
    return isActive(node.state) ? [] : [node.key.slice('run:'.length)];
  }
  if (node.level === 'job') {
    const job = node.jobs[0];
    const isAlone = job !== undefined && !job.run;
    return isAlone && !isActive(node.state) ? [job.id] : [];
  }
  return node.children.flatMap(ended);
}

function isRunOff(run: IRun, removed: Removed): boolean {
  const since = removed[run.key];
  return (
    since !== undefined &&
    !isActive(run.state) &&
    !(timeOf(run.updated) > since)
  );
}

function isJobOff(job: IJob, removed: Removed): boolean {
  const key = job.run ? runKey(job) : job.id;
  const since = removed[key];
  return (
    since !== undefined &&
    !isActive(stateOfJob(job)) &&
    !(timeOf(job.ended) > since)
  );
}
