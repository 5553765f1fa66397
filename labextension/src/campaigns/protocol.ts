/** What the server tells of jobs and runs. */

export type JobState =
  | 'waiting'
  | 'pending'
  | 'running'
  | 'done'
  | 'failed'
  | 'cancelled'
  | 'lost';

export type RunState =
  | 'preparing'
  | 'waiting'
  | 'running'
  | 'held'
  | 'interrupted'
  | 'reached'
  | 'done'
  | 'limit'
  | 'cancelled'
  | 'failed';

export type Action = 'cancel' | 'hold' | 'release' | 'requeue';
export type RunAction = 'hold' | 'release';
export type LogName = 'stdout' | 'stderr';

export interface IJob {
  readonly id: string;
  /** Whether asyncmd-jupyter started it. */
  readonly ours: boolean;
  readonly name: string;
  readonly launcher: string;
  readonly native_id: string | null;
  readonly state: JobState;
  readonly reason: string;
  readonly cause: string;
  readonly nodes: readonly string[];
  readonly cores: number;
  readonly partition: string;
  readonly submitted: string | null;
  readonly started: string | null;
  readonly ended: string | null;
  /** In seconds. */
  readonly time_limit: number | null;
  readonly exit_code: number | null;
  readonly attempt: number;
  readonly held: boolean;
  readonly run: string;
  readonly walker: string;
  readonly part: string;
  readonly campaign: string;
  readonly engine: string;
  /** Relative to the root of the server. */
  readonly notebook: string;
  /** The work folder relative to the root of the server, if it lies below that. */
  readonly folder: string | null;
  /** The work folder, absolute. */
  readonly path: string;
  readonly host: string;
  readonly can: readonly Action[];
  readonly logs: readonly LogName[];
}

export interface IRun {
  readonly key: string;
  readonly name: string;
  readonly campaign: string;
  readonly state: RunState;
  readonly engine: string;
  readonly launcher: string;
  readonly conditions: readonly string[];
  readonly walkers: number;
  readonly ended: number;
  readonly reached: Readonly<Record<string, number>>;
  /** How many of its walkers are in which state. */
  readonly states?: Readonly<Record<string, number>>;
  /** What its kernel can do with it as a whole. */
  readonly can?: readonly RunAction[];
  /** Errors that ended walkers, each once. */
  readonly failures?: readonly string[];
  /** From 0 to 1, the mean over its walkers; null where nothing limits them. */
  readonly progress?: number | null;
  /** In ps, all walkers together. */
  readonly simulated?: number;
  /** In ns/day, of all that runs now. */
  readonly speed?: number | null;
  /** Of how many walkers that is the sum. */
  readonly speeds?: number;
  readonly folder: string | null;
  readonly path: string;
  readonly notebook: string;
  readonly created: string;
  readonly updated: string;
  /** Whether its kernel lives. */
  readonly followed: boolean;
}

export interface ISnapshot {
  readonly protocol: number;
  /** Whether the server may show jobs that are not ours. */
  readonly can_show_others: boolean;
  readonly time: string;
  readonly scheduler: string;
  readonly queue_problem: string;
  readonly problems: readonly string[];
  readonly jobs: readonly IJob[];
  readonly runs: readonly IRun[];
}

export interface IChange {
  readonly time: string;
  readonly scheduler?: string;
  readonly jobs: readonly IJob[];
  readonly gone: readonly string[];
  readonly runs: readonly IRun[];
  readonly gone_runs: readonly string[];
  readonly queue_problem: string;
  readonly problems: readonly string[];
}

export interface IActionResult {
  readonly id: string;
  readonly ok: boolean;
  readonly message: string;
}

export interface ILog {
  readonly file: string;
  readonly text: string;
  readonly size: number;
  readonly truncated: boolean;
}

/** Why something failed, and what can be done. */
export interface IDiagnosis {
  readonly kind: string;
  readonly title: string;
  readonly lines: readonly string[];
  /** In which the lines stand. */
  readonly file: string;
  readonly meaning: string;
  readonly remedies: readonly string[];
  /** What happens by itself. */
  readonly policy: string;
}
