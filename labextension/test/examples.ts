import type { IJob, IRun } from '../src/campaigns/protocol';

/** Fills what is said in, as JupyterLab's own bundles do. */
export const TRANS = {
  __: filled,
  _n: (one: string, many: string, n: number, ...values: unknown[]) =>
    filled(n === 1 ? one : many, n, ...values)
} as never;

function filled(text: string, ...values: readonly unknown[]): string {
  return text.replace(/%(\d)/g, (_, place: string) =>
    String(values[+place - 1])
  );
}

export function job(id: string, values: Partial<IJob> = {}): IJob {
  return {
    id,
    ours: true,
    name: `job ${id}`,
    launcher: 'local',
    native_id: null,
    state: 'running',
    reason: '',
    cause: '',
    nodes: [],
    cores: 1,
    partition: '',
    submitted: '2026-11-23T02:00:00.000Z',
    started: '2026-11-23T02:00:10.000Z',
    ended: null,
    time_limit: null,
    exit_code: null,
    attempt: 0,
    held: false,
    run: '',
    walker: '',
    part: '',
    campaign: '',
    engine: '',
    notebook: '',
    folder: 'work',
    path: '/home/me/work',
    host: 'here',
    can: ['cancel'],
    logs: ['stdout', 'stderr'],
    ...values
  };
}

export function run(name: string, values: Partial<IRun> = {}): IRun {
  const path = values.path ?? '/home/me/work';
  return {
    key: `${path}/${name}`,
    name,
    campaign: '',
    state: 'running',
    engine: 'OpenMM',
    launcher: 'local',
    conditions: ['far'],
    walkers: 2,
    ended: 0,
    reached: { far: 0 },
    folder: 'work',
    path,
    notebook: '',
    created: '2026-11-23T02:00:00.000Z',
    updated: '2026-11-23T02:05:00.000Z',
    followed: true,
    ...values
  };
}
