import { factsOf } from '../src/campaigns/facts';
import { flatten } from '../src/campaigns/lines';
import { placeFor } from '../src/campaigns/places';
import { buildTree } from '../src/campaigns/tree';
import { job, run } from './examples';

const TRANS = { __: (text: string) => text } as never;

const LINES = flatten(
  buildTree(
    [
      job('a', { run: 'left', campaign: 'toys', cause: 'TIMEOUT' }),
      job('slurm:7_1', {
        ours: false,
        native_id: '7_1',
        name: 'many',
        folder: null,
        path: '/elsewhere'
      })
    ],
    [run('left', { campaign: 'toys', notebook: 'mine.ipynb' })]
  ),
  () => true
);

function line(name: string): never {
  return LINES.find(each => each.node.name === name) as never;
}

test('a campaign is where its run is, and has the notebook of that', () => {
  const place = {
    folder: 'work',
    path: '/home/me/work',
    notebook: 'mine.ipynb'
  };
  expect(placeFor([line('toys')])).toEqual({ ...place, title: 'toys' });
  expect(placeFor([line('left')])).toEqual({ ...place, title: 'left' });
});

test('a job may be where the server shows nothing', () => {
  expect(placeFor([line('7_1 many')])).toMatchObject({
    folder: null,
    path: '/elsewhere'
  });
  expect(placeFor([])).toBeNull();
});

test('only what is known is told', () => {
  const { node } = line('job a') as { node: never };
  const facts = Object.fromEntries(factsOf(node, 0, TRANS));
  expect(facts['Queue says']).toBe('TIMEOUT');
  expect(Object.keys(facts)).not.toContain('Partition');
});
