import { Dialog, showDialog } from '@jupyterlab/apputils';
import type { TranslationBundle } from '@jupyterlab/translation';
import { Widget } from '@lumino/widgets';

import { element } from './dom';
import { titleOfJob } from './facts';
import type { Action } from './protocol';
import type { Target } from './underWay';

const MOST_NAMES = 5;

interface IQuestion {
  readonly title: string;
  readonly text: string;
  readonly yes: string;
}

/** Ask before something is done to jobs. */
export async function isConfirmed(
  action: Action,
  targets: readonly Target[],
  trans: TranslationBundle
): Promise<boolean> {
  const n = targets.length;
  const hasRuns = targets.some(target => 'key' in target);
  const { title, text, yes } = hasRuns
    ? holdQuestion(n, trans)
    : questionFor(action, n, trans);
  const warns = action === 'cancel' || action === 'requeue';
  const answer = await showDialog({
    title,
    body: body(text, targets, trans),
    buttons: [
      Dialog.cancelButton({ label: trans.__('Keep as it is') }),
      warns
        ? Dialog.warnButton({ label: yes })
        : Dialog.okButton({ label: yes })
    ],
    defaultButton: 0
  });
  return answer.button.accept;
}

/** Runs as a whole, and with them what else was chosen. */
function holdQuestion(n: number, trans: TranslationBundle): IQuestion {
  return {
    title: trans._n('Hold it?', 'Hold these %1?', n),
    text: trans._n(
      'A run saves its work and pauses; a job that waits is not started. Both go on when somebody releases them.',
      'Runs save their work and pause; jobs that wait are not started. All go on when somebody releases them.',
      n
    ),
    yes: trans.__('Hold')
  };
}

function questionFor(
  action: Action,
  n: number,
  trans: TranslationBundle
): IQuestion {
  switch (action) {
    case 'cancel':
      return {
        title: trans._n('Cancel %1 job?', 'Cancel %1 jobs?', n),
        text: trans._n(
          'What it has computed so far stays on disk.',
          'What they have computed so far stays on disk.',
          n
        ),
        yes: trans._n('Cancel %1 job', 'Cancel %1 jobs', n)
      };
    case 'hold':
      return {
        title: trans._n('Hold %1 job?', 'Hold %1 jobs?', n),
        text: trans._n(
          'It will not start before somebody releases it.',
          'They will not start before somebody releases them.',
          n
        ),
        yes: trans._n('Hold %1 job', 'Hold %1 jobs', n)
      };
    case 'release':
      return {
        title: trans._n('Release %1 job?', 'Release %1 jobs?', n),
        text: trans._n(
          'It may start as soon as there is room for it.',
          'They may start as soon as there is room for them.',
          n
        ),
        yes: trans._n('Release %1 job', 'Release %1 jobs', n)
      };
    case 'requeue':
      return {
        title: trans._n(
          'Put %1 job back into the queue?',
          'Put %1 jobs back into the queue?',
          n
        ),
        text: trans._n(
          'It ends now and starts again later.',
          'They end now and start again later.',
          n
        ),
        yes: trans._n('Requeue %1 job', 'Requeue %1 jobs', n)
      };
  }
}

function titleOf(target: Target): string {
  return 'key' in target ? target.name : titleOfJob(target);
}

function body(
  text: string,
  targets: readonly Target[],
  trans: TranslationBundle
): Widget {
  const node = element('div', 'asyncmd-question');
  const list = element('ul');
  list.append(
    ...targets
      .slice(0, MOST_NAMES)
      .map(target => element('li', '', titleOf(target)))
  );
  const more = targets.length - MOST_NAMES;
  if (more > 0) {
    list.append(element('li', '', trans.__('and %1 more', more)));
  }
  node.append(element('p', '', text), list);
  return new Widget({ node });
}
