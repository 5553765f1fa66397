import { flatten, Openness } from '../src/campaigns/lines';
import type { IJob } from '../src/campaigns/protocol';
import {
  NEWEST,
  nextSort,
  sortTree,
  type ISort
} from '../src/campaigns/sorting';
import { countedWords } from '../src/campaigns/tally';
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

test('a run is counted where none of its jobs says the same', () => {
  expect(countKinds(JOBS, RUNS)).toEqual({
    running: { jobs: 2, runs: 0 },
    waiting: { jobs: 1, runs: 0 },
    failed: { jobs: 1, runs: 1 },
    ended: { jobs: 1, runs: 0 },
    cancelled: { jobs: 0, runs: 0 }
  });
  const kinds = { ...NO_FILTER, kinds: ['failed' as const] };
  expect(countKinds(JOBS, RUNS, kinds).running.jobs).toBe(2);
});

test('what is counted is said', () => {
  expect(countedWords({ jobs: 5, runs: 1 }, TRANS)).toBe('5 jobs and 1 run');
  expect(countedWords({ jobs: 1, runs: 0 }, TRANS)).toBe('1 job');
  expect(countedWords({ jobs: 0, runs: 2 }, TRANS)).toBe('2 runs');
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
