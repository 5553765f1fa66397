import { kindsOf, stateText } from '../src/campaigns/counts';
import { flatten, Openness } from '../src/campaigns/lines';
import type { IJob } from '../src/campaigns/protocol';
import {
  NEWEST,
  nextSort,
  sortTree,
  type ISort
} from '../src/campaigns/sorting';
import { KINDS, type Kind } from '../src/campaigns/states';
import {
  buildTree,
  countKinds,
  NO_FILTER,
  type IFilter,
  type INode
} from '../src/campaigns/tree';
import { job, run, TRANS } from './examples';

const NOW = Date.parse('2026-11-23T02:10:00Z');

const JOBS = [
  job('a', { run: 'left', campaign: 'toys', walker: '0', part: '1' }),
  job('b', { run: 'left', campaign: 'toys', state: 'done', reason: 'Fine.' }),
  job('c', { run: 'gone', campaign: 'toys', state: 'lost' }),
  job('d', { state: 'pending', held: true, notebook: 'mine.ipynb' }),
  job('slurm:7', { ours: false, name: 'other', nodes: ['n1'] })
];
const RUNS = [
  run('left', { campaign: 'toys' }),
  run('empty', { campaign: 'others', state: 'failed', notebook: 'mine.ipynb' })
];

function outline(nodes: readonly INode[]): unknown {
  return nodes.map(node =>
    node.level === 'job'
      ? node.key
      : [node.key, node.state, outline(node.children)]
  );
}

function filtered(filter: Partial<IFilter>): unknown {
  return outline(buildTree(JOBS, RUNS, { ...NO_FILTER, ...filter }));
}

test('jobs are below runs, runs below campaigns, and other jobs last', () => {
  expect(outline(buildTree(JOBS, RUNS))).toEqual([
    [
      'campaign:toys',
      'running',
      [
        ['run:/home/me/work/left', 'running', ['job:a', 'job:b']],
        ['run:/home/me/work/gone', 'lost', ['job:c']]
      ]
    ],
    ['campaign:others', 'failed', [['run:/home/me/work/empty', 'failed', []]]],
    ['campaign:', 'held', ['job:d']],
    ['others', 'running', ['job:slurm:7']]
  ]);
});

test('two runs of one name in two folders are two', () => {
  const there = { run: 'left', path: '/elsewhere' };
  const tree = buildTree([job('a', { run: 'left' }), job('b', there)], []);
  expect(tree[0]?.children.map(child => child.key)).toEqual([
    'run:/home/me/work/left',
    'run:/elsewhere/left'
  ]);
});

test('all words of the filter must be found, somewhere', () => {
  expect(filtered({ text: 'LEFT fine' })).toEqual([
    [
      'campaign:toys',
      'running',
      [['run:/home/me/work/left', 'running', ['job:b']]]
    ]
  ]);
  expect(filtered({ text: 'left nothing' })).toEqual([]);
  expect(filtered({ text: 'n1' })).toEqual([
    ['others', 'running', ['job:slurm:7']]
  ]);
});

test('states and a notebook can be chosen', () => {
  expect(filtered({ kinds: ['failed'] })).toEqual([
    ['campaign:others', 'failed', [['run:/home/me/work/empty', 'failed', []]]],
    ['campaign:toys', 'lost', [['run:/home/me/work/gone', 'lost', ['job:c']]]]
  ]);
  expect(filtered({ kinds: ['waiting'] })).toEqual([
    ['campaign:', 'held', ['job:d']]
  ]);
  expect(filtered({ notebook: 'mine.ipynb' })).toEqual([
    ['campaign:others', 'failed', [['run:/home/me/work/empty', 'failed', []]]],
    ['campaign:', 'held', ['job:d']]
  ]);
});

test('chips count what the rows count', () => {
  const runs = [
    ...RUNS,
    run('many', {
      campaign: 'toys',
      walkers: 9,
      state: 'failed',
      states: { reached: 5, failed: 1, running: 3 }
    })
  ];
  const nothing = { running: 0, waiting: 0, failed: 0, ended: 0, cancelled: 0 };
  expect(countKinds(JOBS, RUNS)).toEqual({
    ...nothing,
    running: 3, // two walkers of one run, and another job
    waiting: 1,
    failed: 3
  });
  const counts = countKinds(JOBS, runs);
  expect(counts).toMatchObject({ running: 6, failed: 4, ended: 5 });
  const rows = buildTree(JOBS, runs).map(node => kindsOf(node.counts));
  const sum = (kind: Kind): number =>
    rows.reduce((total, row) => total + row[kind], 0);
  expect(KINDS.map(sum)).toEqual(KINDS.map(kind => counts[kind]));
  const kinds = { ...NO_FILTER, kinds: ['failed' as const] };
  expect(countKinds(JOBS, runs, kinds)).toEqual(counts);
  const failed = buildTree([], runs, kinds).flatMap(node => node.children);
  expect(failed.map(node => node.name)).toEqual(['empty', 'many']);
});

test.each([
  [
    { reached: 5, failed: 1, running: 3 },
    '5 of 9 reached, 1 failed, 3 running'
  ],
  [{ reached: 9 }, 'all 9 reached'],
  [{ limit: 2, cancelled: 1 }, '2 of 3 at the limit, 1 cancelled'],
  [{ failed: 1 }, 'failed'],
  [{ odd: 1, done: 2 }, '2 of 3 done, 1 odd']
])('of a group with %j it is said: %s', (states, text) => {
  const [node] = buildTree([], [run('many', { states: states })]);
  expect(stateText(node as INode, TRANS)).toBe(text);
});

test('a run without a record is known by the newest job of each walker', () => {
  const part = (id: string, walker: string, values: Partial<IJob>): IJob =>
    job(id, { run: 'gone', walker, ...values });
  const [node] = buildTree(
    [
      part('a', '0', { state: 'done' }),
      part('b', '0', { submitted: '2026-11-23T03:00:00Z' }),
      part('c', '1', { state: 'failed' })
    ],
    []
  );
  expect(stateText(node as INode, TRANS)).toBe('1 of 2 failed, 1 running');
});

test('what runs comes before what waits, and arrays in their order', () => {
  const task = (n: number, values: Partial<IJob> = {}): IJob =>
    job(`slurm:7_${n}`, {
      ...{ ours: false, native_id: `7_${n}`, name: 'feld', state: 'pending' },
      ...values
    });
  const later = {
    submitted: '2026-11-23T06:00:00Z',
    started: null
  };
  const tree = sortTree(
    buildTree(
      [
        ...[10, 9, 2, 1].map(n => task(n)),
        task(8, { state: 'running', started: '2026-11-23T05:00:00Z' }),
        job('slurm:9', {
          ours: false,
          native_id: '9',
          state: 'done',
          ...later
        }),
        job('slurm:8', {
          ours: false,
          native_id: '8',
          state: 'pending',
          ...later
        })
      ],
      []
    ),
    NEWEST,
    NOW
  );
  expect(
    tree[0]?.children.map(node => node.key.slice('job:slurm:'.length))
  ).toEqual(['7_8', '8', '7_1', '7_2', '7_9', '7_10', '9']);
  const runs = [
    run('new', { state: 'reached', created: '2026-11-23T04:00:00Z' }),
    run('waits', { state: 'waiting', created: '2026-11-23T03:00:00Z' }),
    run('runs')
  ];
  const [campaign] = sortTree(buildTree([], runs), NEWEST, NOW);
  expect(campaign?.children.map(node => node.name)).toEqual([
    'runs',
    'waits',
    'new'
  ]);
});

test('jobs of a run come by walker and part, unless somebody sorts them', () => {
  const part = (id: string, walker: string, number: string): IJob =>
    job(id, {
      ...{ run: 'left', walker, part: number, started: null },
      submitted: `2026-11-23T02:0${id}:00Z`
    });
  const jobs = [
    part('4', '10', '1'),
    part('3', '2', '10'),
    part('2', '2', '9'),
    part('1', '', '')
  ];
  const keys = (sort: ISort, some: readonly IJob[]): string[] =>
    flatten(sortTree(buildTree(some, []), sort, NOW), () => true)
      .filter(line => line.node.level === 'job')
      .map(line => line.node.key);
  const inOrder = ['job:1', 'job:2', 'job:3', 'job:4'];
  const newest = [...inOrder].reverse();
  expect(keys(NEWEST, jobs)).toEqual(inOrder);
  const byTime = { key: 'submitted', descending: true } as const;
  expect(keys(byTime, jobs)).toEqual(newest);
  const alone = jobs.map(each => ({ ...each, run: '' }));
  expect(keys(NEWEST, alone)).toEqual(newest);
});

test('sorting works at every level and leaves other jobs last', () => {
  const byName = { key: 'name', descending: true } as const;
  const tree = sortTree(buildTree(JOBS, RUNS), byName, NOW);
  expect(tree.map(node => node.key)).toEqual([
    'campaign:toys',
    'campaign:others',
    'campaign:',
    'others'
  ]);
  const runs = tree[0]?.children ?? [];
  expect(runs.map(node => node.name)).toEqual(['left', 'gone']);
  expect(runs[0]?.children.map(node => node.name)).toEqual(['job b', 'job a']);
});

test('numbers in names are numbers', () => {
  const jobs = ['10', '9', '1'].map(id => job(id));
  const sorted = sortTree(
    buildTree(jobs, []),
    { key: 'name', descending: false },
    NOW
  );
  expect(sorted[0]?.children.map(node => node.name)).toEqual([
    'job 1',
    'job 9',
    'job 10'
  ]);
});

test('the newest is first, and stays there while others go on', () => {
  const runs = [
    run('old', { updated: '2026-11-23T02:09:00Z' }),
    run('new', { created: '2026-11-23T02:01:00Z' })
  ];
  const sorted = sortTree(buildTree([], runs), NEWEST, NOW);
  expect(sorted[0]?.children.map(node => node.name)).toEqual(['new', 'old']);
});

test('a click on a head sorts up, then down, then not', () => {
  const up = nextSort(NEWEST, 'state');
  expect(up).toEqual({ key: 'state', descending: false });
  const down = nextSort(up, 'state');
  expect(down).toEqual({ key: 'state', descending: true });
  expect(nextSort(down, 'state')).toEqual(NEWEST);
  expect(nextSort(down, 'name')).toEqual({ key: 'name', descending: false });
});

test('campaigns are open, runs are closed until something is sought', () => {
  const tree = buildTree(JOBS, RUNS);
  const openness = new Openness();
  const keys = (isSearching: boolean): string[] =>
    flatten(tree, node => openness.isOpen(node, isSearching)).map(
      line => line.node.key
    );
  expect(keys(false)).not.toContain('job:a');
  expect(keys(true)).toContain('job:a');

  const left = tree[0]?.children[0] as INode;
  openness.toggle(left, false);
  expect(keys(false)).toContain('job:a');
  openness.toggle(left, true);
  expect(keys(true)).not.toContain('job:a');
  openness.forgetSearch();
  expect(keys(true)).toContain('job:a');
  expect(new Openness(openness.keys).isOpen(left, false)).toBe(true);
});

test('lines know their places among their siblings', () => {
  const lines = flatten(buildTree(JOBS, RUNS), () => true);
  const left = lines.find(line => line.node.name === 'left');
  expect(left).toMatchObject({ depth: 2, position: 1, siblings: 2 });
  const empty = lines.find(line => line.node.name === 'empty');
  expect(empty?.isOpen).toBeNull();
});
