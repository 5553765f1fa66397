import type { TranslationBundle } from '@jupyterlab/translation';
import { closeIcon } from '@jupyterlab/ui-components';
import type { CommandRegistry } from '@lumino/commands';
import type { Message } from '@lumino/messaging';
import { Signal, type ISignal } from '@lumino/signaling';
import { Widget } from '@lumino/widgets';

import type { Api } from './api';
import { ON_LINES } from './commandIds';
import { element, setText } from './dom';
import { factsOf, type Fact } from './facts';
import { stateText } from './counts';
import { nameOf } from './gridRow';
import type { ILine } from './lines';
import { LogView } from './logView';
import { reasonsOf, type IReason } from './reasons';
import { factsOfSeveral, selectedWords } from './several';
import { setStateIcon, stateIcon } from './stateIcons';
import { textButton } from './tools';
import type { INode } from './tree';
import { underWayWord, type UnderWay } from './underWay';
import { WhyView } from './whyView';

/** All about the chosen lines: what can be done with them, and what one is and wrote. */
export class Details extends Widget {
  constructor(
    api: Api,
    private readonly _commands: CommandRegistry,
    private readonly _trans: TranslationBundle,
    private readonly _underWay: UnderWay,
    private readonly _logLines: () => number
  ) {
    super();
    this.addClass('asyncmd-details');
    this.node.setAttribute('role', 'region');
    this.node.setAttribute('aria-label', _trans.__('Details'));
    this._log = new LogView(
      (id, name, lines) => api.log(id, name, lines),
      _trans
    );
    this._why = new WhyView(id => api.why(id), _trans);
    this._body.append(
      this._actions,
      this._reasons,
      this._why.node,
      this._log.node,
      this._facts
    );
    this.node.append(this._makeHead(), this._body);
    this._actions.setAttribute('role', 'group');
    this._actions.setAttribute('aria-label', _trans.__('Actions'));
  }

  /** Emitted when somebody has seen enough. */
  get closed(): ISignal<this, void> {
    return this._closed;
  }

  get hasFocus(): boolean {
    return this.node.contains(document.activeElement);
  }

  /** Show the chosen lines, or what is new about them. */
  setLines(lines: readonly ILine[], now: number): void {
    const only = lines.length === 1 ? (lines[0]?.node ?? null) : null;
    const job = only?.level === 'job' ? (only.jobs[0] ?? null) : null;
    this._log.setJob(job, this._logLines());
    this._why.setNode(only);
    const key = lines.map(line => line.node.key).join('\n');
    const isOther = key !== this._key;
    this._key = key;
    if (lines.length === 0) {
      return;
    }
    this._setHead(lines, only);
    this._setReasons(only ? reasonsOf(only, this._trans) : []);
    this._setFacts(
      only
        ? factsOf(only, now, this._trans)
        : factsOfSeveral(lines, this._trans)
    );
    this.setActions();
    if (isOther) {
      this._body.scrollTop = 0;
    }
  }

  /** Offer what can be done with the chosen lines now. */
  setActions(): void {
    const ids = ON_LINES.filter(id => this._commands.isVisible(id));
    const shown = ids.map(id => `${id} ${this._commands.isEnabled(id)}`).join();
    if (shown === this._offered) {
      return;
    }
    this._offered = shown;
    const before = (document.activeElement as HTMLElement | null)?.dataset[
      'command'
    ];
    this._actions.replaceChildren(...ids.map(id => this._button(id)));
    this._actions
      .querySelector<HTMLElement>(`[data-command="${before}"]`)
      ?.focus();
  }

  /** Whether what lies below can't be seen, because there is no room for both. */
  get covers(): boolean {
    return getComputedStyle(this.node).position === 'absolute';
  }

  focusClose(): void {
    this._close.focus();
  }

  focusLog(): void {
    this._log.node.scrollIntoView({ block: 'nearest' });
    this._log.focus();
  }

  override dispose(): void {
    this._log.stop();
    super.dispose();
  }

  handleEvent(event: KeyboardEvent): void {
    if (event.key === 'Escape') {
      event.stopPropagation();
      this._closed.emit();
    }
  }

  protected override onAfterAttach(_: Message): void {
    this.node.addEventListener('keydown', this);
  }

  protected override onBeforeDetach(_: Message): void {
    this.node.removeEventListener('keydown', this);
    this._log.stop();
  }

  private _makeHead(): HTMLElement {
    const head = element('div', 'asyncmd-details-head');
    const close = this._close;
    close.type = 'button';
    close.title = this._trans.__('Close the details');
    close.setAttribute('aria-label', close.title);
    closeIcon.element({ container: close, height: '16px', width: '16px' });
    close.addEventListener('click', () => this._closed.emit());
    this._state.append(this._icon, this._word);
    head.append(this._name, this._state, close);
    return head;
  }

  private _setHead(lines: readonly ILine[], only: INode | null): void {
    const { _trans } = this;
    setText(
      this._name,
      only ? nameOf(only, _trans) : selectedWords(lines, _trans)
    );
    this._state.hidden = only === null;
    if (only) {
      setStateIcon(this._icon, only.state);
      const doing = this._underWay.of(only);
      const word = doing
        ? underWayWord(doing, _trans)
        : stateText(only, _trans);
      setText(this._word, word, '');
    }
  }

  private _setReasons(reasons: readonly IReason[]): void {
    const text = JSON.stringify(reasons);
    if (text === this._saidReasons) {
      return;
    }
    this._saidReasons = text;
    this._reasons.hidden = reasons.length === 0;
    this._reasons.replaceChildren(
      ...reasons.map(reason => {
        const line = element('p', '', reason.text);
        line.title = reason.whole === reason.text ? '' : reason.whole;
        return line;
      })
    );
  }

  private _setFacts(facts: readonly Fact[]): void {
    const text = JSON.stringify(facts);
    if (text === this._said) {
      return;
    }
    this._said = text;
    this._facts.replaceChildren(
      ...facts.flatMap(([name, value, title = '']) => {
        const said = element('dd', '', value);
        said.title = title;
        return [element('dt', '', name), said];
      })
    );
  }

  private _button(id: string): HTMLElement {
    const label = this._commands.label(id, SHORT);
    const button = textButton(label, () => void this._commands.execute(id));
    button.dataset['command'] = id;
    button.title = this._commands.caption(id);
    button.disabled = !this._commands.isEnabled(id);
    return button;
  }

  private readonly _name = element('div', 'asyncmd-details-name');
  private readonly _close = element('button', 'asyncmd-iconButton');
  private readonly _state = element('span', 'asyncmd-details-state');
  private readonly _icon = stateIcon('waiting');
  private readonly _word = element('span');
  private readonly _body = element('div', 'asyncmd-details-body');
  private readonly _reasons = element('div', 'asyncmd-details-reasons');
  private readonly _actions = element('div', 'asyncmd-details-actions');
  private readonly _facts = element('dl', 'asyncmd-facts');
  private readonly _log: LogView;
  private readonly _why: WhyView;
  private _key = '';
  private _said = '';
  private _saidReasons = '';
  private _offered = '';
  private _closed = new Signal<this, void>(this);
}

/** Asks commands for labels that fit on small buttons. */
const SHORT = { isShort: true };
