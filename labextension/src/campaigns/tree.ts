import type { IJob, IRun } from './protocol';
import {
  countsOfJob,
  countsOfRun,
  kindsOf,
  sumOf,
  type Counts
} from './counts';
import {
  combined,
  kindOf,
  stateOfJob,
  stateOfRun,
  type Kind,
  type State
} from './states';
import { latest, timeOf } from './times';

export type Level = 'campaign' | 'others' | 'run' | 'job';

/** One line of the tree: a campaign, a run or a job, with what lies below. */
export interface INode {
  readonly key: string;
  readonly level: Level;
  /** Empty for what belongs to no campaign. */
  readonly name: string;
  readonly state: State;
  /** Of all that lies below: simulations, and jobs of none. */
  readonly counts: Counts;
  readonly children: readonly INode[];
  readonly run: IRun | null;
  /** Itself, or all that lie below. */
  readonly jobs: readonly IJob[];
  /** When the newest part of it was begun, in milliseconds since 1970. */
  readonly begun: number;
}

/** Which jobs and runs are wanted; those of other programs are asked for at the server. */
export interface IFilter {
  /** Words that all have to be found. */
  readonly text: string;
  /** All if there is none. */
  readonly kinds: readonly Kind[];
  /** Only what this notebook started; any if empty. */
  readonly notebook: string;
}

export const NO_FILTER: IFilter = { text: '', kinds: [], notebook: '' };

export function isFiltering(filter: IFilter): boolean {
  return (
    filter.text.trim() !== '' ||
    filter.kinds.length > 0 ||
    filter.notebook !== ''
  );
}

/** Put jobs below their runs, runs below their campaigns, and the queue's others last. */
export function buildTree(
  jobs: Iterable<IJob>,
  runs: Iterable<IRun>,
  filter: IFilter = NO_FILTER
): INode[] {
  const wanted = wants(filter);
  const forest = new Forest();
  for (const run of runs) {
    forest.addRun(run, wanted.run(run));
  }
  for (const job of jobs) {
    if (wanted.job(job)) {
      forest.addJob(job);
    }
  }
  return forest.nodes();
}

/**
 * How many simulations, and jobs of none, there are of each kind before states are filtered:
 * the sum of what the rows say.
 */
export function countKinds(
  jobs: Iterable<IJob>,
  runs: Iterable<IRun>,
  filter: IFilter = NO_FILTER
): Record<Kind, number> {
  const nodes = buildTree(jobs, runs, { ...filter, kinds: [] });
  return kindsOf(sumOf(nodes.map(node => node.counts)));
}

interface IWants {
  job(job: IJob): boolean;
  run(run: IRun): boolean;
}

function wants(filter: IFilter): IWants {
  const words = filter.text.toLowerCase().split(/\s+/).filter(Boolean);
  const kinds = new Set(filter.kinds);
  const fits = (
    states: readonly State[],
    notebook: string,
    texts: readonly (string | null)[]
  ): boolean => {
    if (kinds.size > 0 && !states.some(state => kinds.has(kindOf(state)))) {
      return false;
    }
    if (filter.notebook && notebook !== filter.notebook) {
      return false;
    }
    const all = words.length > 0 ? texts.join('\n').toLowerCase() : '';
    return words.every(word => all.includes(word));
  };
  return {
    job: job => fits([stateOfJob(job)], job.notebook, textsOfJob(job)),
    run: run => fits(statesOfRun(run), run.notebook, textsOfRun(run))
  };
}

/** Those of its walkers: where one of them failed, somebody who looks for failures finds it. */
function statesOfRun(run: IRun): State[] {
  return [...countsOfRun(run, []).keys()];
}

function textsOfJob(job: IJob): (string | null)[] {
  const own = [job.name, job.id, job.native_id, job.run, job.campaign];
  const where = [job.engine, job.partition, job.host, ...job.nodes, job.path];
  return [...own, ...where, job.state, job.reason, job.cause];
}

function textsOfRun(run: IRun): string[] {
  return [run.name, run.campaign, run.engine, run.state, run.path];
}

export function runKey(job: IJob): string {
  return `${job.path}/${job.run}`;
}

class Forest {
  addRun(run: IRun, isWanted: boolean): void {
    this._records.set(run.key, run);
    if (isWanted) {
      this._branch(this._campaign(run.campaign), run.key, run.name);
    }
  }

  addJob(job: IJob): void {
    if (!job.ours) {
      this._others.push(job);
    } else if (!job.run) {
      this._campaign(job.campaign).jobs.push(job);
    } else {
      const key = runKey(job);
      const campaign = this._records.get(key)?.campaign ?? job.campaign;
      this._branch(this._campaign(campaign), key, job.run).jobs.push(job);
    }
  }

  nodes(): INode[] {
    const nodes = [...this._campaigns].map(([name, campaign]) =>
      group('campaign', `campaign:${name}`, name, [
        ...[...campaign.runs].map(([key, run]) => this._runNode(key, run)),
        ...campaign.jobs.map(jobNode)
      ])
    );
    return this._others.length > 0
      ? [...nodes, group('others', 'others', '', this._others.map(jobNode))]
      : nodes;
  }

  private _runNode(key: string, branch: IBranch): INode {
    const record = this._records.get(key) ?? null;
    const node = group(
      'run',
      `run:${key}`,
      branch.name,
      branch.jobs.map(jobNode)
    );
    return record
      ? withRecord(node, record)
      : { ...node, counts: countsOfRun(null, node.jobs) };
  }

  private _campaign(name: string): ICampaign {
    let campaign = this._campaigns.get(name);
    if (!campaign) {
      campaign = { runs: new Map(), jobs: [] };
      this._campaigns.set(name, campaign);
    }
    return campaign;
  }

  private _branch(campaign: ICampaign, key: string, name: string): IBranch {
    let branch = campaign.runs.get(key);
    if (!branch) {
      branch = { name, jobs: [] };
      campaign.runs.set(key, branch);
    }
    return branch;
  }

  private _records = new Map<string, IRun>();
  private _campaigns = new Map<string, ICampaign>();
  private _others: IJob[] = [];
}

interface IBranch {
  readonly name: string;
  readonly jobs: IJob[];
}

interface ICampaign {
  readonly runs: Map<string, IBranch>;
  readonly jobs: IJob[];
}

function group(
  level: Level,
  key: string,
  name: string,
  children: readonly INode[]
): INode {
  return {
    key,
    level,
    name,
    state: combined(children.map(child => child.state)),
    counts: sumOf(children.map(child => child.counts)),
    children,
    run: null,
    jobs: children.flatMap(child => child.jobs),
    begun: latest(children.map(child => child.begun))
  };
}

function withRecord(node: INode, run: IRun): INode {
  const begun = timeOf(run.created) || node.begun;
  const counts = countsOfRun(run, node.jobs);
  return { ...node, run, state: stateOfRun(run), counts, begun };
}

/** Names in the queue are seldom unique, so the id comes first there. */
function nameOfJob(job: IJob): string {
  return job.ours
    ? job.name || job.id
    : [job.native_id, job.name].filter(Boolean).join(' ');
}

function jobNode(job: IJob): INode {
  return {
    key: `job:${job.id}`,
    level: 'job',
    name: nameOfJob(job),
    state: stateOfJob(job),
    counts: countsOfJob(job),
    children: [],
    run: null,
    jobs: [job],
    begun: latest([job.submitted, job.started].map(timeOf))
  };
}
