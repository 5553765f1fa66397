import type { TranslationBundle } from '@jupyterlab/translation';

import { element, setAttribute, setText } from './dom';
import { whyNoLogOf } from './logs';
import { errorText } from './problems';
import type { IJob, ILog, LogName } from './protocol';
import { isActive } from './states';

const LOOK_MILLISECONDS = 2000;

/** The end of what a job has written, followed while it runs. */
export class LogView {
  readonly node = element('div', 'asyncmd-log');

  constructor(
    private readonly _fetch: (id: string, name: LogName) => Promise<ILog>,
    private readonly _trans: TranslationBundle
  ) {
    this._tabs.setAttribute('role', 'tablist');
    this._tabs.setAttribute('aria-label', _trans.__('Output of the job'));
    this._tabs.addEventListener('keydown', event => this._onKey(event));
    this._text.setAttribute('role', 'tabpanel');
    this._text.tabIndex = 0;
    this.node.append(this._tabs, this._text, this._note);
  }

  /** Show another job, or none. */
  setJob(job: IJob | null): void {
    const isOther = job?.id !== this._job?.id;
    const isNews =
      isOther ||
      job?.state !== this._job?.state ||
      job?.logs.length !== this._job?.logs.length;
    this._job = job;
    this.node.hidden = !job;
    const note = job ? whyNoLogOf(job, this._trans) : '';
    this._tabs.hidden = this._text.hidden = note !== '';
    this._note.hidden = note === '';
    setText(this._note, note, '');
    if (!job || note) {
      this.stop();
      return;
    }
    if (isOther) {
      this._text.textContent = '';
      this._name = usual(job);
    }
    this._drawTabs(job);
    if (isNews) {
      void this._look();
    }
  }

  focus(): void {
    this._text.focus();
  }

  stop(): void {
    clearTimeout(this._timer);
    this._timer = undefined;
  }

  private _drawTabs(job: IJob): void {
    const shown = [...this._tabs.children].map(
      tab => (tab as HTMLElement).dataset['log']
    );
    if (shown.join() !== job.logs.join()) {
      this._tabs.replaceChildren(...job.logs.map(name => this._tab(name)));
    }
    for (const tab of this._tabs.children as HTMLCollectionOf<HTMLElement>) {
      const isChosen = tab.dataset['log'] === this._name;
      setAttribute(tab, 'aria-selected', String(isChosen));
      tab.tabIndex = isChosen ? 0 : -1;
    }
    setAttribute(this._text, 'aria-label', this._label(this._name));
  }

  private _tab(name: LogName): HTMLElement {
    const tab = element('button', 'asyncmd-log-tab', this._label(name));
    tab.type = 'button';
    tab.dataset['log'] = name;
    tab.setAttribute('role', 'tab');
    tab.addEventListener('click', () => this._choose(name));
    return tab;
  }

  private _label(name: LogName): string {
    return name === 'stdout'
      ? this._trans.__('Output')
      : this._trans.__('Errors');
  }

  private _choose(name: LogName): void {
    this._name = name;
    this._text.textContent = '';
    if (this._job) {
      this._drawTabs(this._job);
    }
    void this._look();
  }

  private _onKey(event: KeyboardEvent): void {
    const step = { ArrowRight: 1, ArrowLeft: -1 }[event.key];
    const logs = this._job?.logs ?? [];
    if (step && logs.length > 1) {
      const place = logs.indexOf(this._name) + step + logs.length;
      const name = logs[place % logs.length] ?? this._name;
      this._choose(name);
      this._tabs.querySelector<HTMLElement>(`[data-log=${name}]`)?.focus();
      event.preventDefault();
    }
  }

  private async _look(): Promise<void> {
    this.stop();
    const [job, name] = [this._job, this._name];
    if (!job) {
      return;
    }
    let text: string;
    try {
      text = this._said(await this._fetch(job.id, name));
    } catch (error) {
      text = errorText(error, this._trans);
    }
    if (job.id === this._job?.id && name === this._name) {
      this._show(text);
      this._lookAgain();
    }
  }

  private _lookAgain(): void {
    if (this._job && isActive(this._job.state)) {
      clearTimeout(this._timer);
      this._timer = setTimeout(() => {
        // Whoever does not look shall not make the server read.
        const isSeen = this.node.checkVisibility() && !document.hidden;
        if (isSeen) {
          void this._look();
        } else {
          this._lookAgain();
        }
      }, LOOK_MILLISECONDS);
    }
  }

  private _said(log: ILog): string {
    if (!log.text) {
      return this._trans.__('Nothing has been written.');
    }
    return log.truncated ? `…\n${log.text}` : log.text;
  }

  /** Stay at the end if that is where the reader is. */
  private _show(text: string): void {
    const box = this._text;
    if (box.textContent === text) {
      return;
    }
    const below = box.scrollHeight - box.scrollTop - box.clientHeight;
    const follows = below < 24 || box.textContent === '';
    box.textContent = text;
    if (follows) {
      box.scrollTop = box.scrollHeight;
    }
  }

  private readonly _tabs = element('div', 'asyncmd-log-tabs');
  private readonly _text = element('pre', 'asyncmd-log-text');
  private readonly _note = element('p', 'asyncmd-log-note');
  private _job: IJob | null = null;
  private _name: LogName = 'stdout';
  private _timer: ReturnType<typeof setTimeout> | undefined;
}

/** Errors first where something went wrong. */
function usual(job: IJob): LogName {
  const wanted = job.state === 'failed' ? 'stderr' : 'stdout';
  return job.logs.includes(wanted) ? wanted : (job.logs[0] ?? 'stdout');
}
