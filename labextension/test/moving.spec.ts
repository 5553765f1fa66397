import { flatten, type ILine } from '../src/campaigns/lines';
import { moveFor } from '../src/campaigns/moves';
import { jobsOf, Selection } from '../src/campaigns/selection';
import { buildTree } from '../src/campaigns/tree';
import { scrollFor, windowOf } from '../src/campaigns/windowing';
import { job } from './examples';

// 0 campaign, 1 run, 2 and 3 its jobs, 4 a closed run
const LINES = flatten(
  buildTree(
    ['a', 'b', 'c'].map(id =>
      job(id, { run: id === 'c' ? 'second' : 'first', campaign: 'toys' })
    ),
    []
  ),
  node => node.name !== 'second'
);
function without(...places: number[]): ILine[] {
  return LINES.filter((_, place) => !places.includes(place));
}

const KEYS = LINES.map(line => line.node.key);

test.each([
  ['ArrowDown', 0, { to: 1 }],
  ['ArrowDown', 4, { to: 4 }],
  ['ArrowUp', 0, { to: 0 }],
  ['PageDown', 0, { to: 3 }],
  ['PageUp', 4, { to: 1 }],
  ['Home', 3, { to: 0 }],
  ['End', 0, { to: 4 }],
  ['ArrowRight', 4, { toggle: 4 }],
  ['ArrowRight', 1, { to: 2 }],
  ['ArrowRight', 2, { to: 2 }],
  ['ArrowLeft', 3, { to: 1 }],
  ['ArrowLeft', 1, { toggle: 1 }],
  ['ArrowLeft', 4, { to: 0 }],
  ['x', 1, null]
])('%s from line %i', (key, from, expected) => {
  expect(moveFor(key, LINES, from, 3)).toEqual(expected);
});

test('nothing moves where nothing is', () => {
  expect(moveFor('ArrowDown', [], -1, 3)).toBeNull();
});

test('lines are chosen, added and extended from where the choice began', () => {
  const selection = new Selection();
  selection.choose(KEYS[2] ?? '');
  selection.extend(LINES, KEYS[4] ?? '');
  expect(selection.lines(LINES).map(line => line.node.key)).toEqual(
    KEYS.slice(2)
  );
  selection.extend(LINES, KEYS[1] ?? '');
  expect(selection.size).toBe(2);
  selection.toggle(KEYS[4] ?? '');
  expect(selection.size).toBe(3);
});

test('what is shown no more is not chosen', () => {
  const selection = new Selection();
  selection.chooseAll(LINES);
  expect(selection.keep(LINES.slice(0, 2), LINES)).toBe(true);
  expect(selection.size).toBe(2);
  expect(selection.keep(LINES, LINES.slice(0, 2))).toBe(false);
  expect(selection.size).toBe(2);
});

test('where all chosen lines are gone nothing is chosen, and the nearest has the focus', () => {
  const selection = new Selection();
  selection.choose(KEYS[3] ?? '');
  selection.keep(without(3), LINES);
  expect(selection.lines(LINES)).toEqual([]);
  expect(selection.active).toBe(KEYS[4]);
  selection.keep(without(3, 4), without(3));
  expect(selection.active).toBe(KEYS[2]);
  selection.extend(LINES, KEYS[1] ?? '');
  expect(selection.size).toBe(2);
  selection.keep([], LINES);
  expect(selection.active).toBe('');
});

test('of chosen lines that stay, the nearest has the focus', () => {
  const selection = new Selection();
  selection.choose(KEYS[0] ?? '');
  selection.toggle(KEYS[3] ?? '');
  selection.keep(without(3), LINES);
  expect(selection.active).toBe(KEYS[0]);
  expect(selection.lines(LINES)).toEqual([LINES[0]]);
});

test('several lines are chosen at once, if they are there', () => {
  const selection = new Selection();
  const keys = new Set([KEYS[4] ?? '', 'gone', KEYS[1] ?? '']);
  expect(selection.chooseOnly(LINES, keys)).toBe(true);
  expect(selection.lines(LINES)).toEqual([LINES[1], LINES[4]]);
  expect(selection.active).toBe(KEYS[1]);
  expect(selection.chooseOnly(LINES, new Set(['gone']))).toBe(false);
  expect(selection.size).toBe(2);
});

test('each job is meant once, however it is chosen', () => {
  expect(jobsOf(LINES).map(each => each.id)).toEqual(['a', 'b', 'c']);
});

test('only lines near the eye are drawn', () => {
  expect(windowOf(0, 100, 25, 1000)).toEqual({ from: 0, to: 12 });
  expect(windowOf(2500, 100, 25, 1000)).toEqual({ from: 92, to: 112 });
  expect(windowOf(25_000, 100, 25, 1000)).toEqual({ from: 992, to: 1000 });
  expect(windowOf(2500, 100, 25, 3)).toEqual({ from: 3, to: 3 });
});

test('scrolling moves as little as it can', () => {
  expect(scrollFor(5, 0, 100, 25)).toBe(50);
  expect(scrollFor(5, 60, 100, 25)).toBe(60);
  expect(scrollFor(1, 60, 100, 25)).toBe(25);
});
