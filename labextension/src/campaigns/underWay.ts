import type { TranslationBundle } from '@jupyterlab/translation';
import { Signal, type ISignal } from '@lumino/signaling';

import type { Action, IActionResult, IJob, IRun, RunAction } from './protocol';
import type { CampaignStore } from './store';
import type { INode } from './tree';

const LONGEST_MILLISECONDS = 60_000;

/** What something is done to: jobs, and runs as a whole. */
export type Target = IJob | IRun;

export function idOfTarget(target: Target): string {
  return 'key' in target ? target.key : target.id;
}

/** Whether the kernel of a run can do it with the whole of it. */
export function canRun(run: IRun, action: Action): boolean {
  return run.can?.includes(action as RunAction) ?? false;
}

/** What somebody has asked for. */
interface IRequest {
  readonly action: Action;
  /** As it was known when somebody asked. */
  readonly target: Target;
  readonly isAnswered: boolean;
}

/** What is being done to jobs and runs: from the request until news of the job show what became of it. */
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
    targets: readonly Target[],
    work: () => Promise<readonly IActionResult[]>
  ): Promise<void> {
    targets.forEach(target =>
      this._requests.set(idOfTarget(target), {
        action,
        target,
        isAnswered: false
      })
    );
    this._changed.emit();
    let done: readonly string[] = [];
    try {
      done = (await work()).filter(each => each.ok).map(each => each.id);
    } finally {
      this._answer(targets, new Set(done));
    }
  }

  /** What is done to all jobs of a line to which it can be done. */
  of({ jobs, run }: INode): Action | null {
    if (this._requests.size === 0) {
      return null;
    }
    const whole = run && this._requests.get(run.key)?.action;
    if (whole) {
      return whole;
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

  /** Those to which nothing is done. */
  without<T extends Target>(targets: readonly T[]): T[] {
    return targets.filter(target => !this._requests.has(idOfTarget(target)));
  }

  private _answer(targets: readonly Target[], done: ReadonlySet<string>): void {
    for (const id of targets.map(idOfTarget)) {
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
      setTimeout(() => this._giveUp(targets), this._longest);
    }
  }

  private _look(): void {
    const before = this._requests.size;
    for (const [id, { target, isAnswered }] of this._requests) {
      const isNews =
        'key' in target
          ? isOtherState(target, this._store.runs.get(id))
          : this._store.jobs.get(id) !== target;
      if (isAnswered && isNews) {
        this._requests.delete(id);
      }
    }
    this._tellUnless(before);
  }

  private _giveUp(targets: readonly Target[]): void {
    const before = this._requests.size;
    targets
      .filter(each => this._requests.get(idOfTarget(each))?.target === each)
      .forEach(each => this._requests.delete(idOfTarget(each)));
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

/** A run tells how far it is now and then, which says nothing of what was asked for. */
function isOtherState(known: IRun, now: IRun | undefined): boolean {
  const can = (run: IRun): string => (run.can ?? []).join();
  return now?.state !== known.state || can(now) !== can(known);
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
