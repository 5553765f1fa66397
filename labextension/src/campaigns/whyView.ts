import type { TranslationBundle } from '@jupyterlab/translation';

import { element } from './dom';
import { errorText } from './problems';
import type { IDiagnosis, IJob } from './protocol';
import { kindOf } from './states';
import type { INode } from './tree';

/** Why a job failed: the lines that decide, what they mean, and what can be done. */
export class WhyView {
  readonly node = element('section', 'asyncmd-why');

  constructor(
    private readonly _fetch: (id: string) => Promise<IDiagnosis | null>,
    private readonly _trans: TranslationBundle
  ) {
    this.node.setAttribute('aria-label', _trans.__('Why it failed'));
    this.node.setAttribute('aria-live', 'polite');
    this.node.hidden = true;
  }

  /** Explain a line, or nothing. */
  setNode(node: INode | null): void {
    const job = node && jobToExplain(node);
    const key = job ? `${job.id} ${job.state} ${job.attempt}` : '';
    if (key === this._key) {
      return;
    }
    this._key = key;
    this.node.hidden = true;
    if (job) {
      void this._explain(job, key);
    }
  }

  private async _explain(job: IJob, key: string): Promise<void> {
    this._show([faint(this._trans.__('Looking for the reason…'))]);
    let parts: HTMLElement[];
    try {
      parts = this._said(await this._fetch(job.id));
    } catch (error) {
      parts = [faint(errorText(error, this._trans))];
    }
    if (key === this._key) {
      this._show(parts);
    }
  }

  private _show(parts: HTMLElement[]): void {
    this.node.replaceChildren(...parts);
    this.node.hidden = parts.length === 0;
  }

  private _said(found: IDiagnosis | null): HTMLElement[] {
    if (!found) {
      return [];
    }
    const parts: HTMLElement[] = [
      element('h3', '', found.title),
      element('p', '', found.meaning)
    ];
    if (found.lines.length > 0) {
      const from = found.file || this._trans.__('It said:');
      const lines = element('pre', '', found.lines.join('\n'));
      lines.tabIndex = 0;
      lines.setAttribute('aria-label', from);
      parts.push(faint(from), lines);
    }
    if (found.remedies.length > 0) {
      const list = element('ul');
      list.append(...found.remedies.map(each => element('li', '', each)));
      parts.push(list);
    }
    return found.policy ? [...parts, faint(found.policy)] : parts;
  }

  private _key = '';
}

/** A failed job itself; of a failed run that one which failed last. */
export function jobToExplain(node: INode): IJob | null {
  const isOne = node.level === 'job' || node.level === 'run';
  if (!isOne || kindOf(node.state) !== 'failed') {
    return null;
  }
  const failed = node.jobs.filter(
    job => job.ours && kindOf(job.state) === 'failed'
  );
  return failed.reduce<IJob | null>(
    (last, job) =>
      !last || (job.ended ?? '') >= (last.ended ?? '') ? job : last,
    null
  );
}

function faint(text: string): HTMLElement {
  return element('p', 'asyncmd-why-faint', text);
}
