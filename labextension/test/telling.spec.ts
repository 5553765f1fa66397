import { told } from '../src/campaigns/telling';
import { run, TRANS } from './examples';

const good = run('good', { state: 'reached' });
const bad = run('bad', { state: 'failed' });
const other = run('other', { state: 'limit' });
const worse = run('worse', { state: 'failed' });

test.each([
  [[good], 'Run “good” has ended: reached.'],
  [[bad], 'Run “bad” has failed.'],
  [[good, other], 'Runs “good” and “other” have ended.'],
  [[bad, worse], 'Runs “bad” and “worse” have failed.'],
  [
    [good, bad, other],
    'Runs “bad”, “good” and “other” have ended, 1 of them failed.'
  ],
  [
    [good, bad, other, worse],
    'Runs “bad”, “worse” and 2 more have ended, 2 of them failed.'
  ]
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
