import type { TranslationBundle } from '@jupyterlab/translation';

import { isStopped, resumeCommand } from './places';
import type { IJob, IRun } from './protocol';
import { isActive, kindOf } from './states';
import type { INode } from './tree';

/** One sentence about why a line is as it is. */
export interface IReason {
  readonly text: string;
  /** All that is known, where the sentence is the beginning of more. */
  readonly whole: string;
}

const MOST_LETTERS = 200;

/** In a few words, for a column. */
export function whyOf(node: INode, trans: TranslationBundle): string {
  const { level, run, jobs } = node;
  const job = level === 'job' ? jobs[0] : undefined;
  if (job) {
    return reasonOfJob(job, trans);
  }
  if (isLone(node)) {
    return trans.__('No kernel follows it');
  }
  return firstLine(run?.failures?.[0] ?? '');
}

/** Whether a run has not ended, and no kernel looks after it. */
export function isLone({ run, state }: INode): boolean {
  return run !== null && isActive(state) && !run.followed;
}

/** All reasons, for whoever wants to know more. */
export function reasonsOf(node: INode, trans: TranslationBundle): IReason[] {
  const { level, run, jobs } = node;
  if (level === 'job') {
    return jobs.map(job => plain(reasonOfJob(job, trans))).filter(hasText);
  }
  const reasons = (run?.failures ?? []).map(whole => ({
    text: firstLine(whole),
    whole: whole.trim()
  }));
  const advice = run
    ? [loneAdvice(node, trans), resumeAdvice(node, run, trans)]
    : [];
  return [...reasons, ...advice.map(plain)].filter(hasText);
}

/** In plain words; commands for terminals are left out where there is a button. */
export function reasonOfJob(job: IJob, trans: TranslationBundle): string {
  if (job.held && job.can.includes('release')) {
    return trans.__('It is held until somebody releases it.');
  }
  const code = job.exit_code ?? 0;
  if (job.reason || job.state !== 'failed' || code === 0) {
    return job.reason;
  }
  return code < 0
    ? trans.__('It was ended by signal %1.', -code)
    : trans.__('It ended with exit code %1.', code);
}

function loneAdvice(node: INode, trans: TranslationBundle): string {
  if (!isLone(node)) {
    return '';
  }
  return node.state === 'interrupted'
    ? trans.__(
        'No kernel follows this run, and nothing of it runs any more. A notebook attached to it makes it go on.'
      )
    : trans.__(
        'No kernel follows this run. What runs goes on, but nothing stops it when a condition is fulfilled, and nothing new is started, until a notebook is attached to it.'
      );
}

/** A notebook attached to a run that ended before its time has a cell that lets it go on. */
function resumeAdvice(
  node: INode,
  run: IRun,
  trans: TranslationBundle
): string {
  const command = resumeCommand([run.name]);
  if (!isStopped(run)) {
    return '';
  }
  if (run.state === 'limit') {
    return trans.__(
      'It can go on with a larger limit: “%1 --max-steps …” in a notebook attached to this run.',
      command
    );
  }
  return isRaised(node, run)
    ? trans.__(
        'Mend what raised the error, and go on with “%1” in a notebook attached to this run.',
        command
      )
    : trans.__(
        'It can go on from where it stopped: “%1” in a notebook attached to this run.',
        command
      );
}

/** Where no job is to blame, a condition that the user has written raised an error. */
function isRaised(node: INode, run: IRun): boolean {
  const isBlamed = node.jobs.some(job => kindOf(job.state) === 'failed');
  const hasError = (run.failures ?? []).length > 0;
  return run.state === 'failed' && hasError && !isBlamed;
}

function firstLine(text: string): string {
  const line = text.trim().split('\n', 1)[0] ?? '';
  return line.length > MOST_LETTERS
    ? `${line.slice(0, MOST_LETTERS - 1)}…`
    : line;
}

function plain(text: string): IReason {
  return { text, whole: text };
}

function hasText({ text }: IReason): boolean {
  return text !== '';
}
