import type { IActionResult, IJob } from '../src/campaigns/protocol';
import { CampaignStore } from '../src/campaigns/store';
import { buildTree, type INode } from '../src/campaigns/tree';
import { UnderWay, underWayWord } from '../src/campaigns/underWay';
import { job, run, TRANS } from './examples';

const REST = { time: '', queue_problem: '', problems: [] };
const OVER = job('over', { run: 'r', state: 'done', can: [] });

class Setting {
  readonly store = new CampaignStore();

  constructor(longest = 300) {
    this.tell(job('a', { run: 'r' }), job('b', { run: 'r' }), OVER);
    this.underWay = new UnderWay(this.store, longest);
  }

  readonly underWay: UnderWay;

  get jobs(): IJob[] {
    return [...this.store.jobs.values()];
  }

  /** What is done to the run, and to each of its jobs. */
  get doing(): unknown[] {
    const [campaign] = buildTree(this.jobs, [run('r')]);
    const [node] = campaign?.children as [INode];
    return [node, ...node.children].map(each => this.underWay.of(each));
  }

  tell(...jobs: IJob[]): void {
    const change = { ...REST, gone: [], runs: [], gone_runs: [] };
    this.store.onChange({ ...change, jobs });
  }

  /** Ask for the end of jobs, and answer later. */
  cancel(jobs: readonly IJob[]): (ok: boolean) => Promise<void> {
    let answer = (_: IActionResult[]): void => undefined;
    const answered = new Promise<IActionResult[]>(take => (answer = take));
    const done = this.underWay.during('cancel', jobs, () => answered);
    return ok => {
      answer(jobs.map(({ id }) => ({ id, ok, message: '' })));
      return done;
    };
  }
}

test('what is asked for is told until it is answered and there are news', async () => {
  const setting = new Setting();
  const [a, b] = setting.jobs as [IJob, IJob];
  let told = 0;
  setting.underWay.changed.connect(() => (told += 1));
  const answer = setting.cancel([a, b]);
  expect(setting.doing).toEqual(['cancel', 'cancel', 'cancel', null]);
  expect(setting.underWay.without(setting.jobs)).toEqual([OVER]);
  expect(told).toBe(1);
  setting.tell(job('c'));
  expect(setting.doing[0]).toBe('cancel');
  await answer(true);
  expect(setting.doing).toEqual(['cancel', 'cancel', 'cancel', null]);
  setting.tell(job('a', { run: 'r', state: 'cancelled', can: [] }));
  expect(setting.doing).toEqual(['cancel', null, 'cancel', null]);
  setting.tell(job('b', { run: 'r', state: 'cancelled', can: [] }));
  expect(setting.doing).toEqual([null, null, null, null]);
});

test('a run is not cancelled while one of its jobs is', () => {
  const setting = new Setting();
  void setting.cancel(setting.jobs.slice(0, 1));
  expect(setting.doing).toEqual([null, 'cancel', null, null]);
});

test('what did not work is told no longer', async () => {
  const setting = new Setting();
  await setting.cancel(setting.jobs.slice(0, 2))(false);
  expect(setting.doing[0]).toBeNull();
  const failing = setting.underWay.during('hold', setting.jobs, () =>
    Promise.reject(new Error('No.'))
  );
  await expect(failing).rejects.toThrow('No.');
  expect(setting.doing[0]).toBeNull();
});

test('where no news come it is told for a while', async () => {
  const setting = new Setting(1);
  await setting.cancel(setting.jobs.slice(0, 2))(true);
  expect(setting.doing[0]).toBe('cancel');
  await new Promise(resolve => setTimeout(resolve, 20));
  expect(setting.doing[0]).toBeNull();
});

test('news that came before the answer count', async () => {
  const setting = new Setting();
  const answer = setting.cancel(setting.jobs.slice(0, 1));
  setting.tell(job('a', { run: 'r', state: 'cancelled', can: [] }));
  expect(setting.doing[1]).toBe('cancel');
  await answer(true);
  expect(setting.doing[1]).toBeNull();
});

test.each([
  ['cancel', 'cancelling…'],
  ['hold', 'holding…'],
  ['release', 'releasing…'],
  ['requeue', 'requeueing…']
] as const)('%s is %s', (action, word) => {
  expect(underWayWord(action, TRANS)).toBe(word);
});
