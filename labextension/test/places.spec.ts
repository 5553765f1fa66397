import {
  factsOf,
  partOf,
  shortPartOf,
  titleOfJob,
  type Fact
} from '../src/campaigns/facts';
import { flatten } from '../src/campaigns/lines';
import {
  attachCommand,
  commonFolder,
  isName,
  placeFor,
  resumeCommand,
  safeStem
} from '../src/campaigns/places';
import type { IRun } from '../src/campaigns/protocol';
import { buildTree } from '../src/campaigns/tree';
import { job, run, TRANS } from './examples';

const ELSEWHERE = { folder: null, path: '/elsewhere' };

/** Runs as the magic starts them: each in a folder of its own name. */
function own(name: string, values: Partial<IRun> = {}): IRun {
  const place = { folder: `work/${name}`, path: `/home/me/work/${name}` };
  return run(name, { campaign: 'toys', ...place, ...values });
}

const RUNS = [
  own('left', { notebook: 'mine.ipynb' }),
  own('right'),
  run('flat', { campaign: 'flat' }),
  run('in', { campaign: 'far' }),
  run('out', { campaign: 'far', ...ELSEWHERE }),
  run('top', { campaign: 'top', folder: '', path: '/home/me/top' })
];
const RECORDS = new Map(RUNS.map(each => [each.key, each]));
const LINES = flatten(
  buildTree(
    [
      job('a', {
        run: 'left',
        campaign: 'toys',
        cause: 'TIMEOUT',
        folder: 'work/left',
        path: '/home/me/work/left'
      }),
      job('alone', { campaign: 'other' }),
      job('lost', { run: 'work', campaign: 'other' }),
      job('slurm:7_1', {
        ours: false,
        native_id: '7_1',
        name: 'many',
        ...ELSEWHERE
      })
    ],
    RUNS
  ),
  () => true
);

function line(name: string): never {
  return LINES.find(each => each.node.name === name) as never;
}

test.each([
  [['a/b', 'a/c'], 'a'],
  [['a/b', 'a/bc'], 'a'],
  [['a/b', 'a/b'], 'a/b'],
  [['a/b/c', 'a/b', 'a/b/d'], 'a/b'],
  [['a', 'b'], ''],
  [['a', ''], ''],
  [['', ''], ''],
  [['/a/b', '/a/c'], '/a'],
  [['/a', '/b'], '/'],
  [['a', null], null],
  [[], null]
])('what holds %j is %j', (folders, expected) => {
  expect(commonFolder(folders)).toBe(expected);
});

test('a campaign is where all its runs are, and has the notebook of one', () => {
  expect(placeFor([line('toys')], RECORDS)).toEqual({
    folder: 'work',
    path: '/home/me/work',
    notebook: 'mine.ipynb',
    title: 'toys',
    attachFolder: 'work',
    runs: ['left', 'right'],
    stopped: [],
    ours: true
  });
});

test('a notebook for one run lies above the folder of its name', () => {
  const place = { folder: 'work/left', attachFolder: 'work', runs: ['left'] };
  expect(placeFor([line('left')], RECORDS)).toMatchObject(place);
  expect(placeFor([line('job a'), line('left')], RECORDS)).toMatchObject(place);
  expect(placeFor([line('flat')], RECORDS)?.attachFolder).toBe('work');
  expect(placeFor([line('top')], RECORDS)?.attachFolder).toBe('');
});

test('jobs of no run are taken back with all that is there', () => {
  const place = placeFor([line('job alone')], RECORDS);
  expect(place).toMatchObject({ attachFolder: 'work', runs: [] });
  const lost = { attachFolder: 'work', runs: [] };
  expect(placeFor([line('job lost')], RECORDS)).toMatchObject(lost);
  expect(attachCommand([])).toBe('%asyncmd attach');
});

test('some of it may be where the server shows nothing', () => {
  expect(placeFor([line('7_1 many')], RECORDS)).toMatchObject({
    ...ELSEWHERE,
    attachFolder: null,
    ours: false
  });
  expect(placeFor([line('far')], RECORDS)).toMatchObject({
    folder: null,
    path: '/',
    attachFolder: null
  });
  expect(placeFor([], RECORDS)).toBeNull();
});

test.each([
  "{__import__('os').abort()}",
  '$HOME',
  'my run',
  "it's",
  'x;y',
  '--trust',
  'a\nb',
  'a"b',
  '',
  'é'
])('%j is no name of a run, and gets into no command', name => {
  expect(isName(name)).toBe(false);
  expect(attachCommand(['a-b_c.1', name])).toBe(
    '%asyncmd attach --only a-b_c.1'
  );
  expect(resumeCommand([name, 'left'])).toBe('%asyncmd resume left');
  const hostile = own(name, { state: 'failed' });
  const lines = flatten(buildTree([], [hostile]), () => false);
  const place = placeFor(lines, new Map([[hostile.key, hostile]]));
  expect(place).toMatchObject({ runs: [], stopped: [] });
});

test.each([
  ['toys', 'toys'],
  ['../a b/ü:', 'a-b-ü'],
  ['..', 'campaign'],
  ['x'.repeat(300), 'x'.repeat(60)]
])('a file may be named after %s', (title, stem) => {
  expect(safeStem(title)).toBe(stem);
});

test('only what is known is told', () => {
  const { node } = line('job a') as { node: never };
  const facts = factsOf(node, 0, TRANS);
  expect(facts).toContainEqual(['Queue says', 'TIMEOUT']);
  expect(facts.map(([name]) => name)).not.toContain('Partition');
});

test('times are told with their day, if only where the mouse rests', () => {
  const { node } = line('job a') as { node: never };
  const facts = (now: string): Fact[] =>
    factsOf(node, Date.parse(now), TRANS).filter(
      ([name]) => name === 'Started'
    );
  const [[, today, title]] = facts('2026-11-23T02:30:00.000Z') as [Fact];
  const [[, later]] = facts('2026-11-26T02:30:00.000Z') as [Fact];
  const day = new Date('2026-11-23T02:00:10.000Z').getDate();
  expect(today).toMatch(/^\d+:\d\d/);
  expect(title).toContain('2026');
  expect(later).toMatch(new RegExp(`\\b${day}\\b.*:`));
});

test('what ended before its time can be gone on with', () => {
  const runs = [
    own('good', { state: 'reached' }),
    own('bad', { state: 'failed' }),
    own('far', { state: 'limit' }),
    own('off', { state: 'cancelled' })
  ];
  const lines = flatten(buildTree([], runs), () => false);
  const records = new Map(runs.map(each => [each.key, each]));
  expect(placeFor(lines, records)).toMatchObject({
    runs: ['bad', 'far', 'good', 'off'],
    stopped: ['bad', 'far', 'off']
  });
  expect(resumeCommand(['bad', 'far'])).toBe('%asyncmd resume bad far');
});

test('parts of runs are named', () => {
  expect(partOf(job('a', { walker: '1', part: '2' }), TRANS)).toBe(
    'walker 1, part 2'
  );
  expect(partOf(job('a', { walker: '1' }), TRANS)).toBe('walker 1');
  expect(shortPartOf(job('a', { walker: '1', part: '2' }), TRANS)).toBe(
    'w1 p2'
  );
  expect(partOf(job('a'), TRANS)).toBe('');
});

test('jobs are told apart by their ids', () => {
  const queued = { launcher: 'slurm', name: 'feld', native_id: '4_2' };
  expect(titleOfJob(job('slurm:4_2', queued))).toBe('4_2 feld');
  expect(titleOfJob(job('a', { native_id: '77' }))).toBe('a job a');
  expect(titleOfJob(job('a', { name: '' }))).toBe('a');
});
