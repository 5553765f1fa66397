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
    private readonly _fetch: (
      id: string,
      name: LogName,
      lines: number
    ) => Promise<ILog>,
    private readonly _trans: TranslationBundle
  ) {
    this._tabs.setAttribute('role', 'tablist');
    this._tabs.setAttribute('aria-label', _trans.__('Output of the job'));
    this._tabs.addEventListener('keydown', event => this._onKey(event));
    this._text.setAttribute('role', 'tabpanel');
    this._text.tabIndex = 0;
    this.node.append(this._tabs, this._text, this._note);
  }

  /** Show so many lines of another job, or of none. */
  setJob(job: IJob | null, lines: number): void {
    const isOther = job?.id !== this._job?.id;
    const isNews =
      isOther ||
      lines !== this._lines ||
      job?.state !== this._job?.state ||
      job?.logs.length !== this._job?.logs.length;
    [this._job, this._lines] = [job, lines];
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
      this._mayTurn = true;
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
    setAttribute(this._text, 'aria-label', this._name);
  }

  private _tab(name: LogName): HTMLElement {
    const tab = element('button', 'asyncmd-log-tab', name);
    tab.type = 'button';
    tab.dataset['log'] = name;
    tab.setAttribute('role', 'tab');
    tab.addEventListener('click', () => this._choose(name));
    return tab;
  }

  private _choose(name: LogName): void {
    this._mayTurn = false;
    this._turnTo(name);
    void this._look();
  }

  private _turnTo(name: LogName): void {
    this._name = name;
    this._text.textContent = '';
    if (this._job) {
      this._drawTabs(this._job);
    }
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
    const [job, lines] = [this._job, this._lines];
    const [name, other] = [this._name, job && otherLog(job, this._name)];
    if (!job) {
      return;
    }
    const found = await this._read(job, name, lines);
    if (found === '' && other && this._mayTurn) {
      const beside = await this._read(job, other, lines);
      if (beside && this._isWanted(job, name, lines) && this._mayTurn) {
        this._turnTo(other);
        this._say(beside);
        return;
      }
    }
    if (this._isWanted(job, name, lines)) {
      this._say(found);
    }
  }

  private _isWanted(job: IJob, name: LogName, lines: number): boolean {
    const isSame = job.id === this._job?.id && name === this._name;
    return isSame && lines === this._lines;
  }

  /** Many programs write only to one of both; once something is shown it stays in front. */
  private _say(text: string): void {
    this._mayTurn &&= text === '';
    this._show(text || this._trans.__('Nothing has been written.'));
    this._lookAgain();
  }

  private async _read(
    job: IJob,
    name: LogName,
    lines: number
  ): Promise<string> {
    try {
      const { text, truncated } = await this._fetch(job.id, name, lines);
      return truncated && text ? `…\n${text}` : text;
    } catch (error) {
      return errorText(error, this._trans);
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
  private _lines = 0;
  /** Whether the other log may be shown in place of an empty one. */
  private _mayTurn = true;
  private _timer: ReturnType<typeof setTimeout> | undefined;
}

/** Errors first where something went wrong. */
function usual(job: IJob): LogName {
  const wanted = job.state === 'failed' ? 'stderr' : 'stdout';
  return job.logs.includes(wanted) ? wanted : (job.logs[0] ?? 'stdout');
}

function otherLog(job: IJob, name: LogName): LogName | null {
  return job.logs.find(each => each !== name) ?? null;
}
