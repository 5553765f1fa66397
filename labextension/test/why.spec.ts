import { buildTree, type INode } from '../src/campaigns/tree';
import { jobToExplain } from '../src/campaigns/whyView';
import { job, run } from './examples';

function tree(): INode {
  const inRun = { run: 'walk', state: 'failed' } as const;
  const jobs = [
    job('early', { ...inRun, ended: '2026-11-23T02:01:00Z' }),
    job('late', { ...inRun, ended: '2026-11-23T02:02:00Z' }),
    job('well', { run: 'walk', state: 'done', ended: '2026-11-23T02:03:00Z' })
  ];
  const [campaign] = buildTree(jobs, [run('walk', { state: 'failed' })]);
  return campaign as INode;
}

describe('which job is explained', () => {
  it('is a failed one itself, and the last one of a failed run', () => {
    const walk = tree().children[0] as INode;
    const [early, , well] = walk.children as [INode, INode, INode];
    expect(jobToExplain(early)?.id).toBe('early');
    expect(jobToExplain(walk)?.id).toBe('late');
    expect(jobToExplain(well)).toBeNull();
  });

  it('is none of a campaign, nor one that somebody else started', () => {
    expect(jobToExplain(tree())).toBeNull();
    const [others] = buildTree(
      [job('slurm:1', { ours: false, state: 'failed' })],
      []
    );
    expect(jobToExplain(others?.children[0] as INode)).toBeNull();
  });
});
