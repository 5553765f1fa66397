import type { TranslationBundle } from '@jupyterlab/translation';

import { progressText, simulatedText, speedText } from './progress';
import type { IJob, IRun } from './protocol';
import { duration, moment, wholeMoment } from './times';
import type { INode } from './tree';

/** What is said about a line: names, values and what is said where the mouse rests. */
export type Fact = readonly [name: string, value: string, title?: string];

/** All that is known of a campaign, run or job and worth saying. */
export function factsOf(
  node: INode,
  now: number,
  trans: TranslationBundle
): Fact[] {
  const job = node.level === 'job' ? node.jobs[0] : undefined;
  let facts: Fact[];
  if (job) {
    facts = factsOfJob(job, now, trans);
  } else if (node.run) {
    facts = factsOfRun(node.run, node, now, trans);
  } else {
    facts = [[trans.__('Jobs'), String(node.jobs.length)]];
  }
  return facts.filter(([, value]) => value !== '');
}

function factsOfJob(job: IJob, now: number, trans: TranslationBundle): Fact[] {
  const where = job.nodes.join(', ') || job.host;
  return [
    [trans.__('Campaign'), job.campaign],
    [trans.__('Run'), job.run],
    [trans.__('Simulation'), partOf(job, trans)],
    [trans.__('Engine'), job.engine],
    [trans.__('Runs on'), where],
    [trans.__('Partition'), job.partition],
    [trans.__('Cores'), job.cores ? String(job.cores) : ''],
    timeFact(trans.__('Submitted'), job.submitted, now),
    timeFact(trans.__('Started'), job.started, now),
    timeFact(trans.__('Ended'), job.ended, now),
    [trans.__('Time limit'), job.time_limit ? duration(job.time_limit) : ''],
    [
      trans.__('Exit code'),
      job.exit_code === null ? '' : String(job.exit_code)
    ],
    [trans.__('Queue says'), job.cause],
    [trans.__('Attempt'), job.attempt > 0 ? String(job.attempt + 1) : ''],
    [trans.__('Id'), idOf(job)],
    [trans.__('Folder'), job.path]
  ];
}

function factsOfRun(
  run: IRun,
  node: INode,
  now: number,
  trans: TranslationBundle
): Fact[] {
  const reached = run.conditions.map(
    name =>
      `${name} ${Object.hasOwn(run.reached, name) ? run.reached[name] : 0}×`
  );
  return [
    [trans.__('Campaign'), run.campaign],
    [trans.__('Ended'), trans.__('%1 of %2', run.ended, run.walkers)],
    [
      trans.__('Progress'),
      typeof run.progress === 'number' ? progressText(node) : ''
    ],
    [trans.__('Simulated'), simulatedText(run)],
    [trans.__('Speed'), speedText(run, trans)],
    [trans.__('Reached'), reached.join(', ')],
    [trans.__('Engine'), run.engine],
    [trans.__('Launcher'), run.launcher],
    [trans.__('Jobs'), String(node.jobs.length)],
    timeFact(trans.__('Started'), run.created, now),
    timeFact(trans.__('Last change'), run.updated, now),
    [trans.__('Notebook'), run.notebook],
    [trans.__('Folder'), run.path]
  ];
}

/** The same where there is no room for words. */
export function shortPartOf(job: IJob, trans: TranslationBundle): string {
  return job.walker && job.part
    ? trans.__('w%1 p%2', job.walker, job.part)
    : '';
}

function timeFact(name: string, iso: string | null, now: number): Fact {
  return [name, moment(iso, now), wholeMoment(iso)];
}

/** Which of a run's simulations a job is about, and which part of it. */
export function partOf(job: IJob, trans: TranslationBundle): string {
  if (!job.walker) {
    return '';
  }
  return job.part
    ? trans.__('walker %1, part %2', job.walker, job.part)
    : trans.__('walker %1', job.walker);
}

/** Names of jobs are seldom unique: with the id by which people find them elsewhere. */
export function titleOfJob(job: IJob): string {
  const isQueued = job.launcher === 'slurm' && job.native_id;
  const id = isQueued ? job.native_id : job.id;
  return job.name && job.name !== id ? `${id} ${job.name}` : String(id);
}

/** The queue's own id, and ours, which commands such as `%asyncmd cancel` take. */
function idOf(job: IJob): string {
  const ids = job.ours ? [job.native_id, job.id] : [job.native_id];
  return ids.filter(Boolean).join(' · ');
}
