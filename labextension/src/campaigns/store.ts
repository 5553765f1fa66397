import { Signal, type ISignal } from '@lumino/signaling';

import { endedSince, endings } from './endings';
import type { IListener } from './feed';
import type { IChange, IJob, IRun, ISnapshot } from './protocol';
import { timeOf } from './times';

/** What is known of jobs and runs; everything on the page reads it. */
export class CampaignStore implements IListener {
  readonly jobs: ReadonlyMap<string, IJob> = new Map();
  readonly runs: ReadonlyMap<string, IRun> = new Map();
  /** Whether anything is known yet. */
  hasNews = false;
  /** Why there are no news. */
  problem = '';
  /** Whether that is because nobody answers. */
  isAway = false;
  /** Why the queue can't be asked. */
  queueProblem = '';
  problems: readonly string[] = [];
  scheduler = '';
  /** Up to when ends have been seen, on an earlier page; null if that is not known. */
  seen: number | null = null;

  /** Emitted whenever something is different. */
  get changed(): ISignal<this, void> {
    return this._changed;
  }

  /** Emitted with the runs that have ended since the last look. */
  get ended(): ISignal<this, readonly IRun[]> {
    return this._ended;
  }

  /** Whether there is a queue, and jobs in it may be shown that are not ours. */
  get hasOthers(): boolean {
    return this._canShowOthers && this.scheduler !== '';
  }

  /** Milliseconds by the clock of the server, from which all times are. */
  get now(): number {
    return Date.now() + this._ahead;
  }

  /**
   * Set the clock. News say when they were gathered, which may be long ago.
   *
   * @param date - what the server says in the head of an answer
   */
  setClock(date: string | null): void {
    this._ahead = (timeOf(date) || Date.now()) - Date.now();
  }

  onSnapshot(snapshot: ISnapshot): void {
    this.scheduler = snapshot.scheduler;
    this._canShowOthers = snapshot.can_show_others;
    this._takeProblems(snapshot);
    this._replace(
      new Map(snapshot.jobs.map(job => [job.id, job])),
      new Map(snapshot.runs.map(run => [run.key, run]))
    );
  }

  onChange(change: IChange): void {
    this.scheduler = change.scheduler ?? this.scheduler;
    this._takeProblems(change);
    const jobs = new Map(this.jobs);
    change.jobs.forEach(job => jobs.set(job.id, job));
    change.gone.forEach(id => jobs.delete(id));
    const runs = new Map(this.runs);
    change.runs.forEach(run => runs.set(run.key, run));
    change.gone_runs.forEach(key => runs.delete(key));
    this._replace(jobs, runs);
  }

  onProblem(problem: string, isAway: boolean): void {
    if (problem !== this.problem || isAway !== this.isAway) {
      [this.problem, this.isAway] = [problem, isAway];
      this._changed.emit();
    }
  }

  private _replace(jobs: Map<string, IJob>, runs: Map<string, IRun>): void {
    const ended = this.hasNews
      ? endings(this.runs, runs, this._lastLook)
      : endedSince(runs, this.seen);
    Object.assign(this, { jobs, runs });
    this._lastLook = this.now;
    this.hasNews = true;
    this._changed.emit();
    if (ended.length > 0) {
      this._ended.emit(ended);
    }
  }

  private _takeProblems({
    queue_problem,
    problems
  }: ISnapshot | IChange): void {
    this.queueProblem = queue_problem ?? this.queueProblem;
    this.problems = problems ?? this.problems;
  }

  private _canShowOthers = false;
  private _ahead = 0;
  private _lastLook = 0;
  private _changed = new Signal<this, void>(this);
  private _ended = new Signal<this, readonly IRun[]>(this);
}
