import { factsOf } from '../src/campaigns/facts';
import {
  progressOrder,
  progressText,
  simulatedText,
  speedText
} from '../src/campaigns/progress';
import type { IRun } from '../src/campaigns/protocol';
import { NEWEST, sortTree } from '../src/campaigns/sorting';
import { buildTree, type INode } from '../src/campaigns/tree';
import { job, run, TRANS } from './examples';

function campaign(runs: readonly IRun[]): INode {
  return buildTree([job('a', { run: 'a' })], runs)[0] as INode;
}

test.each([
  [{ progress: 0.37 }, '37 %'],
  [{ progress: 0.29 }, '29 %'],
  [{ progress: 0.9999 }, '99 %'],
  [{ progress: 1 }, '100 %'],
  [{ progress: null, simulated: 12.41 }, '12.4 ps'],
  [{ progress: null, simulated: 0 }, '0 ps'],
  [{}, '']
])('a run with %j is told as %s', (values, text) => {
  expect(progressText(campaign([run('a', values)]).children[0] as INode)).toBe(
    text
  );
});

test.each([
  [999, '999 ps'],
  [999.9, '1 ns'],
  [1239, '1.24 ns'],
  [45_000, '45 ns'],
  [2_500_000, '2.5 µs']
])('%d ps are %s', (simulated, text) => {
  expect(simulatedText(run('a', { simulated }))).toBe(text);
});

test('speed is told where something runs', () => {
  expect(speedText(run('a', { speed: 45.02 }), TRANS)).toBe('45 ns/day');
  expect(speedText(run('a', { speed: 90, speeds: 2 }), TRANS)).toBe(
    '90 ns/day (sum of 2 walkers)'
  );
  expect(speedText(run('a', { speed: null }), TRANS)).toBe('');
  expect(speedText(run('a'), TRANS)).toBe('');
  const values = { progress: 0.5, simulated: 2000, speed: 45 };
  const [node] = campaign([run('a', values)]).children;
  expect(factsOf(node as INode, 0, TRANS)).toEqual(
    expect.arrayContaining([
      ['Progress', '50 %'],
      ['Simulated', '2 ns'],
      ['Speed', '45 ns/day']
    ])
  );
});

test('a campaign has the mean of its runs, if all have a limit', () => {
  const half = run('a', { progress: 0.5 });
  expect(progressText(campaign([half, run('b', { progress: 1 })]))).toBe(
    '75 %'
  );
  const endless = run('b', { progress: null, simulated: 5 });
  expect(progressText(campaign([half, endless]))).toBe('');
  expect(progressText(campaign([]))).toBe('');
});

test('what has no limit is sorted behind what has one', () => {
  const runs = [
    run('much', { progress: null, simulated: 900 }),
    run('old server'),
    run('done', { progress: 1 }),
    run('little', { progress: null, simulated: 0 }),
    run('begun', { progress: 0.1 })
  ];
  const [node] = buildTree([], runs);
  const sorted = sortTree([node as INode], { ...NEWEST, key: 'progress' }, 0);
  expect(sorted[0]?.children.map(child => child.name)).toEqual([
    'much',
    'little',
    'done',
    'begun',
    'old server'
  ]);
  expect(progressOrder(node as INode)).toBe(-1);
});
