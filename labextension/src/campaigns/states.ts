import type { TranslationBundle } from '@jupyterlab/translation';

import type { IJob, IRun, JobState, RunState } from './protocol';

export type State = JobState | RunState;

/** Kinds of states that people look for. */
export type Kind = 'running' | 'waiting' | 'failed' | 'ended' | 'cancelled';

export const KINDS: readonly Kind[] = [
  'running',
  'waiting',
  'failed',
  'ended',
  'cancelled'
];

const KIND: Record<State, Kind> = {
  running: 'running',
  preparing: 'running',
  pending: 'waiting',
  waiting: 'waiting',
  held: 'waiting',
  interrupted: 'waiting',
  failed: 'failed',
  lost: 'failed',
  reached: 'ended',
  done: 'ended',
  limit: 'ended',
  cancelled: 'cancelled'
};

const URGENCY = Object.keys(KIND) as State[];

/** A state that a later version of the server may tell is shown among those that wait. */
export function kindOf(state: State): Kind {
  return Object.hasOwn(KIND, state) ? KIND[state] : 'waiting';
}

export function isActive(state: State): boolean {
  const kind = kindOf(state);
  return kind === 'running' || kind === 'waiting';
}

/** Whether time passes for it: of what was interrupted nothing runs, nor waits in a queue. */
export function isGoingOn(state: State): boolean {
  return isActive(state) && state !== 'interrupted';
}

/** Smaller for what people want to see first. */
export function urgency(state: State): number {
  const place = URGENCY.indexOf(state);
  return place < 0 ? URGENCY.length : place;
}

/** The state of many: what goes on comes first, then what failed. */
export function combined(states: Iterable<State>): State {
  let best: State | null = null;
  for (const state of states) {
    if (best === null || urgency(state) < urgency(best)) {
      best = state;
    }
  }
  return best ?? 'waiting';
}

/** What runs comes before what waits, and that before what has ended. */
export function turnOf(state: State): number {
  const place = KINDS.indexOf(kindOf(state));
  return Math.min(place, 2);
}

export function stateOfJob(job: IJob): State {
  const waits = job.state === 'pending' || job.state === 'waiting';
  return job.held && waits ? 'held' : job.state;
}

export function stateOfRun(run: IRun): State {
  return run.state;
}

export function kindWord(
  kind: Kind,
  n: number,
  trans: TranslationBundle
): string {
  switch (kind) {
    case 'running':
      return trans._n('%1 running', '%1 running', n);
    case 'waiting':
      return trans._n('%1 waiting', '%1 waiting', n);
    case 'failed':
      return trans._n('%1 failed', '%1 failed', n);
    case 'ended':
      return trans._n('%1 done', '%1 done', n);
    case 'cancelled':
      return trans._n('%1 cancelled', '%1 cancelled', n);
  }
}

/** Where a number stands before it. */
export function countWord(state: State, trans: TranslationBundle): string {
  return state === 'limit' ? trans.__('at the limit') : stateWord(state, trans);
}

export function stateWord(state: State, trans: TranslationBundle): string {
  switch (state) {
    case 'running':
      return trans.__('running');
    case 'preparing':
      return trans.__('preparing');
    case 'pending':
      return trans.__('pending');
    case 'waiting':
      return trans.__('waiting');
    case 'held':
      return trans.__('held');
    case 'interrupted':
      return trans.__('interrupted');
    case 'failed':
      return trans.__('failed');
    case 'lost':
      return trans.__('lost');
    case 'reached':
      return trans.__('reached');
    case 'done':
      return trans.__('done');
    case 'limit':
      return trans.__('limit');
    case 'cancelled':
      return trans.__('cancelled');
    default:
      return state;
  }
}
