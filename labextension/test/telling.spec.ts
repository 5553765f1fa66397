import { told } from '../src/campaigns/telling';
import { run, TRANS } from './examples';

const good = run('good', { state: 'reached', walkers: 1 });
const bad = run('bad', { state: 'failed', walkers: 1 });
const other = run('other', { state: 'limit', walkers: 1 });
const worse = run('worse', { state: 'failed', walkers: 1 });
const many = run('many', {
  state: 'failed',
  states: { reached: 5, failed: 1 }
});

test.each([
  [[good], 'Run “good” has ended: reached.'],
  [[bad], 'Run “bad” has failed.'],
  [
    [good, other],
    'Runs “good” and “other” have ended: 1 of 2 reached, 1 at the limit.'
  ],
  [[bad, worse], 'Runs “bad” and “worse” have ended: all 2 failed.'],
  [
    [good, bad, other],
    'Runs “bad”, “good” and “other” have ended: 1 of 3 reached, 1 at the limit, 1 failed.'
  ],
  [
    [good, bad, other, worse],
    'Runs “bad”, “worse” and 2 more have ended: 1 of 4 reached, 1 at the limit, 2 failed.'
  ],
  [[many], 'Run “many” has ended: 5 of 6 reached, 1 failed.']
])('up to three are named, failed ones first', (runs, text) => {
  expect(told(runs, 'all', TRANS)?.text).toBe(text);
});

test('all of them are shown to whoever wants to know more', () => {
  expect(told([good, other], 'all', TRANS)).toMatchObject({
    isBad: false,
    runs: [good, other]
  });
  expect(told([good, bad, other], 'all', TRANS)).toMatchObject({
    isBad: true,
    runs: [bad, good, other]
  });
});

test('only what is wanted is told', () => {
  expect(told([good, bad], 'failures', TRANS)).toMatchObject({
    text: 'Run “bad” has failed.',
    runs: [bad]
  });
  expect(told([good], 'failures', TRANS)).toBeNull();
  expect(told([good, bad], 'none', TRANS)).toBeNull();
  expect(told([], 'all', TRANS)).toBeNull();
});
