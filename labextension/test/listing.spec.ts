import { shownNames } from '../src/campaigns/names';
import { isRemoved, listed, removable } from '../src/campaigns/removed';
import { buildTree, type INode } from '../src/campaigns/tree';
import { View } from '../src/campaigns/view';
import { job, run } from './examples';

const NOW = Date.parse('2026-11-23T02:10:00Z');
const JOBS = [
  job('a', { run: 'over', state: 'done', ended: '2026-11-23T02:04:00Z' }),
  job('b', { run: 'going' }),
  job('alone', { state: 'failed', ended: '2026-11-23T02:04:00Z' })
];
const RUNS = [run('over', { state: 'reached' }), run('going')];

function campaign(): INode {
  return buildTree(JOBS, RUNS)[0] as INode;
}

function shown(
  names: readonly string[],
  paths: readonly string[] = []
): string[] {
  const runs = names.map((name, at) =>
    run(name, { path: paths[at] ?? `/${at}` })
  );
  const [node] = buildTree([], runs) as [INode];
  return shownNames(node.children).map(({ cut, where }, at) => {
    const name = names[at] ?? '';
    return [`${name.slice(0, cut)}|${name.slice(cut)}`, where]
      .filter(Boolean)
      .join(' ');
  });
}

test('a name that does not fit keeps what tells it from those beside it', () => {
  expect(shown(['alanine-dipeptide-300K', 'alanine-dipeptide-310K'])).toEqual([
    'alanine-dipeptide-|300K',
    'alanine-dipeptide-|310K'
  ]);
  expect(shown(['production_walker_2', 'other'])).toEqual([
    'production_|walker_2',
    'other|'
  ]);
  expect(shown(['short', 'names'])).toEqual(['short|', 'names|']);
  expect(shown(['a-very-long-name-alone'])).toEqual([
    'a-very-long-na|me-alone'
  ]);
});

test('runs of one name say in which folder they are', () => {
  expect(
    shown(
      ['left', 'left', 'right'],
      ['/home/me/scan_1/left', '/home/me/scan_2/left', '/home/me/scan_2/right']
    )
  ).toEqual(['left| scan_1', 'left| scan_2', 'right|']);
});

test('only what has ended can be taken off the list', () => {
  expect(removable([campaign()])).toEqual(['/home/me/work/over', 'alone']);
});

test('what is off the list comes back when it goes on, or is asked for', () => {
  const removed = { '/home/me/work/over': NOW, alone: NOW };
  const ids = (result: ReturnType<typeof listed>): string[] => [
    ...result.runs.map(each => each.name),
    ...result.jobs.map(each => each.id)
  ];
  const without = listed(JOBS, RUNS, removed, false);
  expect(ids(without)).toEqual(['going', 'b']);
  expect(without.removed).toBe(2);
  expect(ids(listed(JOBS, RUNS, removed, true))).toHaveLength(5);
  const resumed = [run('over', { state: 'running' }), run('going')];
  expect(ids(listed(JOBS, resumed, removed, false))).toContain('over');
  const again = [
    run('over', { state: 'failed', updated: '2026-11-23T03:00:00Z' })
  ];
  expect(ids(listed([], again, removed, false))).toEqual(['over']);
  expect(listed(JOBS, RUNS, {}, false).removed).toBe(0);
});

test('the list is remembered, and lines are put back', () => {
  const view = new View();
  view.remove(removable([campaign()]), NOW);
  view.nameWidth = 20;
  const later = new View();
  later.restore(view.toJSON());
  expect(later.nameWidth).toBe(96);
  expect(Object.keys(later.removed)).toHaveLength(2);
  const over = campaign().children.find(node => node.name === 'over') as INode;
  expect(isRemoved(over, later.removed)).toBe(true);
  expect(isRemoved(campaign(), later.removed)).toBe(false);
  later.showsRemoved = true;
  later.putBack(['/home/me/work/over', 'alone']);
  expect(later.removed).toEqual({});
  expect(later.showsRemoved).toBe(false);
});
