import type { TranslationBundle } from '@jupyterlab/translation';
import { closeIcon } from '@jupyterlab/ui-components';
import type { CommandRegistry } from '@lumino/commands';
import type { Message } from '@lumino/messaging';
import { Signal, type ISignal } from '@lumino/signaling';
import { Widget } from '@lumino/widgets';

import type { Api } from './api';
import { ON_LINES } from './commandIds';
import { element, setText } from './dom';
import { factsOf } from './facts';
import { nameOf } from './gridRow';
import { LogView } from './logView';
import { setStateIcon, stateIcon } from './stateIcons';
import { isActive, stateWord } from './states';
import { textButton } from './tools';
import type { INode } from './tree';
import { WhyView } from './whyView';

/** All about one line: what it is, what can be done with it, and what it wrote. */
export class Details extends Widget {
  constructor(
    api: Api,
    private readonly _commands: CommandRegistry,
    private readonly _trans: TranslationBundle,
    logLines: () => number
  ) {
    super();
    this.addClass('asyncmd-details');
    this.node.setAttribute('role', 'region');
    this.node.setAttribute('aria-label', _trans.__('Details'));
    this._log = new LogView(
      (id, name) => api.log(id, name, logLines()),
      _trans
    );
    this._why = new WhyView(id => api.why(id), _trans);
    this._body.append(
      this._reason,
      this._actions,
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

  /** Show a line, or what is new about it. */
  setNode(node: INode | null, now: number): void {
    this._log.setJob(node?.level === 'job' ? (node.jobs[0] ?? null) : null);
    this._why.setNode(node);
    if (!node) {
      this._key = '';
      return;
    }
    const isOther = node.key !== this._key;
    this._key = node.key;
    this._setHead(node);
    this._setReason(node);
    this._setFacts(node, now);
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
    const close = element('button', 'asyncmd-iconButton');
    close.type = 'button';
    close.title = this._trans.__('Close the details');
    close.setAttribute('aria-label', close.title);
    closeIcon.element({ container: close, height: '16px', width: '16px' });
    close.addEventListener('click', () => this._closed.emit());
    this._state.append(this._icon, this._word);
    head.append(this._name, this._state, close);
    return head;
  }

  private _setHead(node: INode): void {
    setText(this._name, nameOf(node, this._trans));
    setStateIcon(this._icon, node.state);
    setText(this._word, stateWord(node.state, this._trans), '');
  }

  private _setReason(node: INode): void {
    const text = this._reasonOf(node);
    this._reason.hidden = text === '';
    setText(this._reason, text, '');
  }

  private _reasonOf({ level, run, state, jobs }: INode): string {
    if (run && isActive(state) && !run.followed) {
      return this._trans.__(
        'No kernel follows this run. A notebook attached to it makes it go on.'
      );
    }
    return level === 'job'
      ? (jobs[0]?.reason ?? '')
      : (run?.failures ?? []).join('\n');
  }

  private _setFacts(node: INode, now: number): void {
    const facts = factsOf(node, now, this._trans);
    const text = JSON.stringify(facts);
    if (text === this._said) {
      return;
    }
    this._said = text;
    const parts = facts.flatMap(([name, value]) => [
      element('dt', '', name),
      element('dd', '', value)
    ]);
    this._facts.replaceChildren(...parts);
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
  private readonly _state = element('span', 'asyncmd-details-state');
  private readonly _icon = stateIcon('waiting');
  private readonly _word = element('span');
  private readonly _body = element('div', 'asyncmd-details-body');
  private readonly _reason = element('p', 'asyncmd-details-reason');
  private readonly _actions = element('div', 'asyncmd-details-actions');
  private readonly _facts = element('dl', 'asyncmd-facts');
  private readonly _log: LogView;
  private readonly _why: WhyView;
  private _key = '';
  private _said = '';
  private _offered = '';
  private _closed = new Signal<this, void>(this);
}

/** Asks commands for labels that fit on small buttons. */
const SHORT = { isShort: true };
