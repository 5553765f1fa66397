import type { TranslationBundle } from '@jupyterlab/translation';
import { Signal, type ISignal } from '@lumino/signaling';

import type { Action, IActionResult, IJob } from './protocol';
import type { CampaignStore } from './store';
import type { INode } from './tree';

const LONGEST_MILLISECONDS = 60_000;

/** What somebody has asked for. */
interface IRequest {
  readonly action: Action;
  /** As it was known when somebody asked. */
  readonly job: IJob;
  readonly isAnswered: boolean;
}

/** What is being done to jobs: from the request until news of the job show what became of it. */
export class UnderWay {
  constructor(
    private readonly _store: CampaignStore,
    private readonly _longest = LONGEST_MILLISECONDS
  ) {
    _store.changed.connect(this._look, this);
  }

  /** Emitted when more is done, or less. */
  get changed(): ISignal<this, void> {
    return this._changed;
  }

  /** Tell of a request until it is answered, and then until there are news. */
  async during(
    action: Action,
    jobs: readonly IJob[],
    work: () => Promise<readonly IActionResult[]>
  ): Promise<void> {
    jobs.forEach(job =>
      this._requests.set(job.id, { action, job, isAnswered: false })
    );
    this._changed.emit();
    let done: readonly string[] = [];
    try {
      done = (await work()).filter(each => each.ok).map(each => each.id);
    } finally {
      this._answer(jobs, new Set(done));
    }
  }

  /** What is done to all jobs of a line to which it can be done. */
  of({ jobs }: INode): Action | null {
    if (this._requests.size === 0) {
      return null;
    }
    const asked = jobs.find(job => this._requests.has(job.id));
    const action = asked && this._requests.get(asked.id)?.action;
    const isAll = jobs.every(
      job =>
        this._requests.get(job.id)?.action === action ||
        !job.can.includes(action as Action)
    );
    return action && isAll ? action : null;
  }

  /** Those of some jobs to which nothing is done. */
  without(jobs: readonly IJob[]): IJob[] {
    return jobs.filter(job => !this._requests.has(job.id));
  }

  private _answer(jobs: readonly IJob[], done: ReadonlySet<string>): void {
    for (const { id } of jobs) {
      const request = this._requests.get(id);
      if (request && done.has(id)) {
        this._requests.set(id, { ...request, isAnswered: true });
      } else {
        this._requests.delete(id);
      }
    }
    this._changed.emit();
    this._look();
    if (done.size > 0) {
      setTimeout(() => this._giveUp(jobs), this._longest);
    }
  }

  private _look(): void {
    const before = this._requests.size;
    for (const [id, { job, isAnswered }] of this._requests) {
      if (isAnswered && this._store.jobs.get(id) !== job) {
        this._requests.delete(id);
      }
    }
    this._tellUnless(before);
  }

  private _giveUp(jobs: readonly IJob[]): void {
    const before = this._requests.size;
    jobs
      .filter(job => this._requests.get(job.id)?.job === job)
      .forEach(job => this._requests.delete(job.id));
    this._tellUnless(before);
  }

  private _tellUnless(before: number): void {
    if (this._requests.size !== before) {
      this._changed.emit();
    }
  }

  private _requests = new Map<string, IRequest>();
  private _changed = new Signal<this, void>(this);
}

/** What a line says instead of its state. */
export function underWayWord(action: Action, trans: TranslationBundle): string {
  switch (action) {
    case 'cancel':
      return trans.__('cancelling…');
    case 'hold':
      return trans.__('holding…');
    case 'release':
      return trans.__('releasing…');
    case 'requeue':
      return trans.__('requeueing…');
  }
}
