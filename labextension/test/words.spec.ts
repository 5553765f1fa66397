import schema from '../schema/campaigns.json';
import {
  attachedNotebook,
  plainMarkdown,
  pythonKernel
} from '../src/campaigns/attachNotebook';
import { allColumns, fitting, template } from '../src/campaigns/columns';
import { endedSince, endings } from '../src/campaigns/endings';
import { factsOf } from '../src/campaigns/facts';
import { kindOf } from '../src/campaigns/states';
import { CampaignStore } from '../src/campaigns/store';
import { tally } from '../src/campaigns/tally';
import { duration, elapsed } from '../src/campaigns/times';
import { buildTree, type INode } from '../src/campaigns/tree';
import { job, run } from './examples';

const NOW = Date.parse('2026-11-23T02:10:00Z');
const TRANS = { __: (text: string) => text } as never;

test.each([
  [0, '0:00'],
  [59.9, '0:59'],
  [3599, '59:59'],
  [3600, '1:00:00'],
  [90_000, '1 d 1 h']
])('%d seconds are %s', (seconds, text) => {
  expect(duration(seconds)).toBe(text);
});

test('jobs run, wait or have run', () => {
  const seconds = (values: object): number | null => {
    const [campaign] = buildTree([job('a', values)], []);
    return elapsed(campaign?.children[0] as never, NOW);
  };
  expect(seconds({})).toBe(590);
  expect(seconds({ state: 'pending', started: null })).toBe(600);
  expect(seconds({ state: 'done', ended: '2026-11-23T02:00:30Z' })).toBe(20);
  expect(seconds({ state: 'cancelled', started: null })).toBeNull();
});

test('clocks of runs stop where no kernel follows them', () => {
  const seconds = (values: object): number | null => {
    const [campaign] = buildTree([], [run('a', values)]);
    return elapsed(campaign?.children[0] as never, NOW);
  };
  expect(seconds({})).toBe(600);
  expect(seconds({ followed: false })).toBe(300);
  expect(seconds({ state: 'interrupted' })).toBe(300);
});

test('columns are left out from the last where there is no room', () => {
  const columns = allColumns(TRANS);
  const chosen = ['time', 'time', 'nonsense', 'cores', 'time', 'id'];
  const keys = (width: number): string[] =>
    fitting(columns, chosen, width).map(column => column.key);
  expect(keys(200)).toEqual([]);
  expect(keys(300)).toEqual(['time']);
  expect(keys(1000)).toEqual(['time', 'cores', 'id']);
  expect(template(fitting(columns, ['reason'], 1000), 1000)).toContain('1.5fr');
  expect(template([], 300)).toContain(' 124px');
  expect(template([], 900)).toContain(' 196px');
});

test('settings call the columns by their names', () => {
  const { items } = schema.properties.columns;
  expect(items.oneOf).toEqual(
    allColumns(TRANS).map(({ key, label }) => ({ const: key, title: label }))
  );
});

test('runs end once, and one that was never seen ends if it is new', () => {
  const before = new Map([
    ['a', run('a', { key: 'a' })],
    ['b', run('b', { key: 'b', state: 'done' })]
  ]);
  const now = new Map([
    ['a', run('a', { key: 'a', state: 'reached' })],
    ['b', run('b', { key: 'b', state: 'done' })],
    ['old', run('old', { state: 'failed' })],
    ['new', run('new', { state: 'failed', created: '2026-11-23T02:09:00Z' })]
  ]);
  const lastLook = Date.parse('2026-11-23T02:05:00Z');
  const names = endings(before, now, lastLook).map(each => each.name);
  expect(names).toEqual(['a', 'new']);
});

test('the store follows changes and tells of ends after the first look', () => {
  const store = new CampaignStore();
  const told: string[] = [];
  store.ended.connect((_, runs) => told.push(...runs.map(each => each.name)));
  const rest = { time: '', queue_problem: '', problems: [] };
  store.onSnapshot({
    ...rest,
    protocol: 1,
    can_show_others: true,
    scheduler: '',
    jobs: [job('a'), job('b')],
    runs: [run('left'), run('done', { state: 'done' })]
  });
  expect(told).toEqual([]);
  store.onChange({
    ...rest,
    queue_problem: 'No squeue.',
    jobs: [job('c')],
    gone: ['a'],
    runs: [run('left', { state: 'failed' })],
    gone_runs: ['/home/me/work/done']
  });
  expect([...store.jobs.keys()]).toEqual(['b', 'c']);
  expect([...store.runs.values()].map(each => each.name)).toEqual(['left']);
  expect(store.queueProblem).toBe('No squeue.');
  expect(told).toEqual(['left']);
});

test('failures of yesterday are not told for ever', () => {
  const old = { state: 'failed' as const, ended: '2026-11-20T00:00:00Z' };
  const jobs = [
    job('a'),
    job('b', old),
    job('c', { ...old, ended: '2026-11-23T01:00:00Z' }),
    job('d', { ours: false })
  ];
  expect(tally(jobs, [], NOW)).toMatchObject({ running: 1, failed: 1 });
});

test('what was interrupted waits, but is not told for ever either', () => {
  const state = 'interrupted' as const;
  const runs = [
    run('new', { state, walkers: 1 }),
    run('old', { state, walkers: 1, updated: '2026-11-20T00:00:00Z' })
  ];
  expect(tally([], runs, NOW)).toMatchObject({ waiting: 1 });
});

test('what ended while no page looked is told once', () => {
  const runs = new Map(
    [
      run('a', { state: 'reached', updated: '2026-11-23T02:09:00Z' }),
      run('b', { state: 'failed', updated: '2026-11-23T01:00:00Z' }),
      run('c', { updated: '2026-11-23T02:09:00Z' })
    ].map(each => [each.key, each])
  );
  const seen = Date.parse('2026-11-23T02:05:00Z');
  expect(endedSince(runs, seen).map(each => each.name)).toEqual(['a']);
  expect(endedSince(runs, null)).toEqual([]);
});

test('the column of names is as wide as somebody wants it', () => {
  const columns = allColumns(TRANS);
  const keys = (name: number | null): string[] =>
    fitting(columns, ['time', 'cores'], 360, name).map(column => column.key);
  expect(keys(null)).toEqual(['time', 'cores']);
  expect(keys(170)).toEqual(['time']);
  expect(template([], 300, 170)).toBe('170px minmax(124px, 1fr)');
  expect(template([], 300, 900)).toBe('176px minmax(124px, 1fr)');
});

test('an attached notebook has the kernel that speaks Python', () => {
  const spec = (language: string): never =>
    ({ language, display_name: `My ${language}` }) as never;
  const specs = {
    default: 'julia',
    kernelspecs: { julia: spec('julia'), conda: spec('python') }
  };
  expect(pythonKernel(specs)).toBe('conda');
  expect(pythonKernel(null)).toBe('python3');
  const place = { title: 'toys', runs: ['left', 'right'], stopped: [] };
  const text = JSON.stringify(attachedNotebook(specs, place));
  expect(text).toContain('"%asyncmd attach --only left right"');
  expect(text).toContain('My python');
  expect(text).not.toContain('resume');
  const stopped = { ...place, stopped: ['left'] };
  const { cells } = attachedNotebook(specs, stopped) as {
    cells: { cell_type: string; source: string }[];
  };
  expect(cells.map(cell => cell.cell_type)).toEqual([
    ...['markdown', 'code', 'code', 'markdown', 'code']
  ]);
  expect(cells[3]?.source).toContain('failed, was cancelled or came to its');
  expect(cells[4]?.source).toBe('%asyncmd resume left');
});

test.each(['constructor', '__proto__', 'toString', 'valueOf'])(
  'a state or condition called %s is one that is not known',
  name => {
    const state = name as never;
    expect(kindOf(state)).toBe('waiting');
    const one = run('odd', { state, walkers: 1 });
    expect(tally([], [one], NOW)).toMatchObject({
      waiting: 1
    });
    const odd = run('odd', { state, conditions: [name], reached: {} });
    const [node] = buildTree([], [odd]) as [INode];
    const facts = factsOf(node.children[0] ?? node, 0, TRANS);
    expect(JSON.stringify(facts)).toContain(`${name} 0×`);
    expect(JSON.stringify(facts)).not.toContain('native code');
  }
);

test('a title is shown as it is, and in one line', () => {
  expect(plainMarkdown('scan-1.b_2, left')).toBe('scan-1.b_2, left');
  expect(plainMarkdown('<img src=x>\n# [a](b) $x$ {1/0}')).toBe(
    '\\<img src\\=x\\> \\# \\[a\\]\\(b\\) \\$x\\$ \\{1\\/0\\}'
  );
});
