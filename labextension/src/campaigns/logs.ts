import type { TranslationBundle } from '@jupyterlab/translation';

import type { ILine } from './lines';
import type { IJob } from './protocol';
import { isActive } from './states';

/** @returns why there is no output of these lines to show; empty if there is some */
export function whyNoLog(
  lines: readonly ILine[],
  trans: TranslationBundle
): string {
  const [first] = lines;
  const job = first?.node.level === 'job' ? first.node.jobs[0] : undefined;
  return job && lines.length === 1
    ? whyNoLogOf(job, trans)
    : trans.__('Select one job to see what it wrote');
}

export function whyNoLogOf(job: IJob, trans: TranslationBundle): string {
  if (job.logs.length > 0) {
    return '';
  }
  if (!job.ours) {
    return trans.__(
      'What it writes is not known here: asyncmd-jupyter has not started it.'
    );
  }
  return isActive(job.state)
    ? trans.__('It has written nothing yet.')
    : trans.__('It has written nothing.');
}
