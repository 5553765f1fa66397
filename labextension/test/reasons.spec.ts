import { Feed, isAway } from '../src/campaigns/feed';
import { flatten, parentsOf } from '../src/campaigns/lines';
import { whyNoLog } from '../src/campaigns/logs';
import { errorText, newsProblem } from '../src/campaigns/problems';
import type { IJob, IRun } from '../src/campaigns/protocol';
import { isLone, reasonsOf, whyOf } from '../src/campaigns/reasons';
import { factsOfSeveral, selectedWords } from '../src/campaigns/several';
import { combined, isActive, isGoingOn, kindOf } from '../src/campaigns/states';
import { buildTree, type INode } from '../src/campaigns/tree';
import { job, run, TRANS } from './examples';

function runNode(values: Partial<IRun>, jobs: readonly IJob[] = []): INode {
  return buildTree(jobs, [run('my-run', values)])[0]?.children[0] as INode;
}

function jobNode(values: Partial<IJob>): INode {
  return buildTree([job('a', values)], [])[0]?.children[0] as INode;
}

function said(node: INode): string {
  return reasonsOf(node, TRANS)
    .map(reason => reason.text)
    .join('|');
}

describe('a run that no kernel follows', () => {
  it('is marked while it has not ended', () => {
    expect(whyOf(runNode({ followed: false }), TRANS)).toBe(
      'No kernel follows it'
    );
    expect(isLone(runNode({}))).toBe(false);
    expect(isLone(runNode({ followed: false, state: 'done' }))).toBe(false);
  });

  it('goes on as far as it can', () => {
    expect(said(runNode({ followed: false }))).toMatch(
      /What runs goes on, but nothing stops it when a condition is fulfilled/
    );
  });

  it('may have been interrupted', () => {
    const node = runNode({ followed: false, state: 'interrupted' });
    expect(said(node)).toMatch(/nothing of it runs any more/);
    expect(kindOf('interrupted')).toBe('waiting');
    expect(isActive('interrupted')).toBe(true);
    expect(isGoingOn('interrupted')).toBe(false);
    expect(combined(['failed', 'interrupted', 'running'])).toBe('running');
  });
});

describe('a failed run', () => {
  const long = `${'x'.repeat(250)}\nand more`;
  const failed = {
    state: 'failed',
    failures: ['ValueError: no\nTraceback:\n  line', long]
  } as const;

  it('says the first line of each failure, and all of it on demand', () => {
    const [short, cut] = reasonsOf(runNode(failed), TRANS);
    expect(short).toEqual({
      text: 'ValueError: no',
      whole: failed.failures[0]
    });
    expect(cut?.text).toBe(`${'x'.repeat(199)}…`);
    expect(cut?.whole).toBe(long);
    expect(whyOf(runNode(failed), TRANS)).toBe('ValueError: no');
  });

  it('can go on where no job is to blame', () => {
    expect(said(runNode(failed))).toContain('“%asyncmd resume my-run”');
    const bad = job('a', { run: 'my-run', state: 'failed' });
    expect(said(runNode(failed, [bad]))).not.toContain('Mend');
    expect(said(runNode({ state: 'done' }))).toBe('');
  });

  it('can go on like one that was cancelled or came to its limit', () => {
    const goesOn =
      'It can go on from where it stopped: “%asyncmd resume my-run';
    expect(said(runNode({ state: 'failed' }))).toContain(goesOn);
    expect(said(runNode({ state: 'cancelled' }))).toContain(goesOn);
    expect(said(runNode({ state: 'limit' }))).toContain(
      '“%asyncmd resume my-run --max-steps …”'
    );
    expect(said(runNode({ state: 'reached' }))).toBe('');
  });
});

describe('a job', () => {
  it('is held until somebody releases it, where that can be done here', () => {
    const held = { held: true, reason: "It is held; 'scontrol release' …" };
    expect(whyOf(jobNode({ ...held, can: ['release'] }), TRANS)).toBe(
      'It is held until somebody releases it.'
    );
    expect(whyOf(jobNode(held), TRANS)).toBe(held.reason);
  });

  it('tells its exit code where nobody knows more', () => {
    const values = { state: 'failed', exit_code: 3 } as const;
    expect(said(jobNode(values))).toBe('It ended with exit code 3.');
    expect(said(jobNode({ ...values, exit_code: -9 }))).toBe(
      'It was ended by signal 9.'
    );
    expect(said(jobNode({ ...values, reason: 'Bad.' }))).toBe('Bad.');
    expect(said(jobNode({ ...values, state: 'done' }))).toBe('');
  });

  it('may have no output to show', () => {
    const why = (values: Partial<IJob>): string =>
      whyNoLog(
        flatten([jobNode(values)], () => true),
        TRANS
      );
    expect(why({})).toBe('');
    expect(why({ logs: [] })).toBe('It has written nothing yet.');
    expect(why({ logs: [], state: 'done' })).toBe('It has written nothing.');
    expect(why({ logs: [], ours: false })).toMatch(/has not started it/);
    const two = flatten([jobNode({}), jobNode({})], () => true);
    expect(whyNoLog(two, TRANS)).toMatch(/one job/);
    expect(whyNoLog([], TRANS)).toMatch(/one job/);
  });
});

test('several lines are counted, and what can be done to how many of their jobs', () => {
  const jobs = [
    job('a', { run: 'x', can: ['cancel', 'hold'], state: 'pending' }),
    job('b', { run: 'x' }),
    job('c', { run: 'y', can: [], state: 'done' })
  ];
  const lines = flatten(buildTree(jobs, []), () => true);
  const of = (level: string): typeof lines =>
    lines.filter(line => line.node.level === level);
  expect(selectedWords(of('job'), TRANS)).toBe('3 jobs selected');
  expect(selectedWords(of('run'), TRANS)).toBe('2 runs selected');
  expect(selectedWords(lines, TRANS)).toBe('6 lines selected');
  expect(factsOfSeveral(lines, TRANS)).toEqual([
    ['Jobs', '1 running, 1 waiting, 1 done'],
    ['Can be cancelled', '2 of 3'],
    ['Can be held', '1 of 3']
  ]);
});

test('what runs lie in is found', () => {
  const tree = buildTree([], [run('a', { campaign: 'x' }), run('b')]);
  const keys = (...names: string[]): string[] =>
    parentsOf(
      tree,
      new Set(names.map(name => `run:/home/me/work/${name}`))
    ).map(node => node.key);
  expect(keys('a')).toEqual(['campaign:x']);
  expect(keys('a', 'b')).toEqual(['campaign:x', 'campaign:']);
  expect(keys('gone')).toEqual([]);
});

test('a server that is away is told in plain words', async () => {
  const away = new TypeError('Failed to fetch');
  expect(errorText(away, TRANS)).toBe("The Jupyter server can't be reached.");
  expect(errorText(new Error('No.'), TRANS)).toBe('No.');
  expect(isAway(new Error('No.'))).toBe(false);
  const heard: unknown[] = [];
  const listener = {
    onSnapshot: () => undefined,
    onChange: () => undefined,
    onProblem: (...problem: unknown[]) => heard.push(problem)
  };
  const source = {
    stream: () => Promise.reject(away),
    snapshot: () => Promise.reject(away)
  };
  const feed = new Feed(source, listener);
  feed.isAwake = true;
  await new Promise(resolve => setTimeout(resolve));
  feed.isAwake = false;
  expect(heard).toEqual([['Failed to fetch', true]]);
});

test('old news are called old', () => {
  const told = (problem: string, isAway: boolean): string =>
    newsProblem({ problem, isAway }, TRANS);
  expect(told('', false)).toBe('');
  expect(told('Failed to fetch', true)).toBe(
    "The Jupyter server can't be reached. What is shown may be out of date."
  );
  expect(told('404 Not Found', false)).toBe(
    '404 Not Found. What is shown may be out of date.'
  );
});
