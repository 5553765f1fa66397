import type { TranslationBundle } from '@jupyterlab/translation';
import type { CommandRegistry } from '@lumino/commands';
import type { Message } from '@lumino/messaging';
import { Signal, type ISignal } from '@lumino/signaling';
import { Panel, Widget } from '@lumino/widgets';

import { asyncmdIcon } from '../icon';
import type { Api } from './api';
import { allColumns, fitting } from './columns';
import { Command } from './commandIds';
import { Details } from './details';
import { element } from './dom';
import { EmptyNote } from './emptyNote';
import { CampaignGrid } from './grid';
import type { ILine } from './lines';
import { Listing } from './listing';
import type { IOptions } from './options';
import { newsProblem } from './problems';
import type { IJob, IRun } from './protocol';
import { isRemoved } from './removed';
import { jobsOf, runsOf } from './selection';
import { nextSort, type ISort } from './sorting';
import { Splitter } from './splitter';
import { isGoingOn } from './states';
import type { CampaignStore } from './store';
import { Tools } from './tools';
import { countKinds, isFiltering, type IFilter } from './tree';
import type { UnderWay } from './underWay';
import type { View } from './view';

export const PANEL_ID = 'asyncmd-campaigns';
const REST_MILLISECONDS = 250;
const NONE: ReadonlySet<string> = new Set();

export interface IPanelParts {
  readonly store: CampaignStore;
  readonly view: View;
  readonly underWay: UnderWay;
  readonly api: Api;
  readonly commands: CommandRegistry;
  readonly trans: TranslationBundle;
  options(): IOptions;
}

/** The side panel: a search, a tree of campaigns, runs and jobs, and details of one. */
export class CampaignPanel extends Panel {
  constructor(private readonly _parts: IPanelParts) {
    super();
    const { commands, trans, view, store, underWay } = _parts;
    this.id = PANEL_ID;
    this.addClass('asyncmd-panel');
    this.title.icon = asyncmdIcon;
    this.title.caption = trans.__('MD campaigns');
    this.node.setAttribute('role', 'region');
    this.node.setAttribute('aria-label', trans.__('MD campaigns'));
    this._tools = new Tools(
      view,
      trans,
      () => void commands.execute(Command.others),
      () => void commands.execute(Command.reconnect)
    );
    this._grid = new CampaignGrid(trans, underWay, node =>
      isRemoved(node, view.removed)
    );
    this._empty = new EmptyNote(store, trans);
    this._details = new Details(
      _parts.api,
      commands,
      trans,
      underWay,
      () => _parts.options().logLines
    );
    this._splitter = new Splitter(trans, share => (view.share = share));
    this._columns = allColumns(trans);
    this._listing = new Listing(store, view, trans);
    this._build();
    this._connect();
    store.changed.connect(this._wait, this);
    view.changed.connect(this.update, this);
    underWay.changed.connect(this.update, this);
  }

  /** Emitted when the panel comes into sight or leaves it. */
  get visibilityChanged(): ISignal<this, void> {
    return this._visibilityChanged;
  }

  /** Emitted when other lines are chosen. */
  get selectionChanged(): ISignal<this, void> {
    return this._selectionChanged;
  }

  /** The lines that commands work on. */
  get chosen(): ILine[] {
    return this._grid.selection.lines(this._grid.lines);
  }

  /** The jobs that commands work on. */
  get chosenJobs(): IJob[] {
    return jobsOf(this.chosen);
  }

  /** The runs that commands work on as a whole. */
  get chosenRuns(): IRun[] {
    return runsOf(this.chosen);
  }

  /** Choose the lines of runs as soon as they can be seen, with what they lie in opened. */
  reveal(keys: readonly string[]): void {
    this._wanted = new Set(keys.map(key => `run:${key}`));
    this.update();
  }

  showLog(): void {
    this._openDetails();
    this._details.focusLog();
  }

  protected override onActivateRequest(_: Message): void {
    if (this._grid.lines.length > 0) {
      this._grid.focusActive();
    } else {
      this._tools.focusSearch();
    }
  }

  protected override onAfterShow(_: Message): void {
    this.update();
    this._visibilityChanged.emit();
  }

  protected override onAfterHide(_: Message): void {
    this._visibilityChanged.emit();
  }

  protected override onAfterAttach(message: Message): void {
    super.onAfterAttach(message);
    this._sizes.observe(this._grid.node);
    this._clock = setInterval(() => this._tick(), 1000);
    this.update();
  }

  protected override onBeforeDetach(message: Message): void {
    this._sizes.disconnect();
    clearInterval(this._clock);
    super.onBeforeDetach(message);
  }

  /** Show all anew; Lumino calls this once for many calls of `update`. */
  protected override onUpdateRequest(_: Message): void {
    if (!this.isVisible) {
      return;
    }
    const wanted = this._wanted;
    this._wanted = NONE;
    if (wanted.size > 0) {
      this._listing.uncover(wanted);
    }
    this._drawTools();
    this._drawGrid();
    this._grid.choose(wanted);
    this._drawDetails();
  }

  private _build(): void {
    const { trans } = this._parts;
    const title = element(
      'h2',
      'asyncmd-panel-title',
      trans.__('MD campaigns')
    );
    const head = new Widget();
    head.addClass('asyncmd-panel-head');
    head.node.append(title);
    const separator = new Widget({ node: this._splitter.node });
    [
      head,
      this._tools,
      this._grid,
      this._empty,
      separator,
      this._details
    ].forEach(widget => this.addWidget(widget));
  }

  private _connect(): void {
    const { view } = this._parts;
    const grid = this._grid;
    grid.selected.connect(() => {
      this._drawDetails();
      this._selectionChanged.emit();
    });
    grid.opened.connect(() => this._openDetails());
    grid.resized.connect((_, pixels) => (view.nameWidth = pixels));
    grid.sorted.connect((_, key) => (view.sort = nextSort(view.sort, key)));
    grid.toggled.connect((_, line) => {
      view.openness.toggle(line.node, isFiltering(view.filter));
      view.touch();
    });
    this._details.closed.connect(() => {
      this._hasDetails = false;
      this._drawDetails();
      grid.focusActive();
    });
    this._sizes = new ResizeObserver(() => this.update());
  }

  /** Many changes in a row are drawn together. */
  private _wait(): void {
    this._timer ??= setTimeout(() => {
      this._timer = undefined;
      this.update();
    }, REST_MILLISECONDS);
  }

  private _tick(): void {
    const { store } = this._parts;
    const ticks = this._grid.lines.some(line => isGoingOn(line.node.state));
    if (this.isVisible && ticks && !document.hidden) {
      this._grid.draw(store.now);
    }
  }

  private _drawTools(): void {
    const { store, view, trans } = this._parts;
    const { jobs, runs, removed } = this._listing.listed;
    const counts = store.hasNews ? countKinds(jobs, runs, view.filter) : null;
    const problem = newsProblem(store, trans);
    const problems = [problem, store.queueProblem, ...store.problems];
    this._tools.refresh(
      counts,
      removed,
      problems.filter(Boolean).join(' '),
      problem !== '',
      store.hasOthers
    );
  }

  private _drawGrid(): void {
    const { store, view, options } = this._parts;
    const lines = this._listing.lines();
    const width = this._grid.node.clientWidth;
    const chosen = options().columns;
    const columns = fitting(this._columns, chosen, width, view.nameWidth);
    this._empty.refresh(lines.length === 0, view.filter);
    this._grid.setHidden(lines.length === 0);
    this._startAnew();
    this._grid.setLines(lines, columns, view.sort, view.nameWidth);
    this._grid.draw(store.now);
  }

  /** Other lines, or an other order, are read from the top. */
  private _startAnew(): void {
    const { filter, sort } = this._parts.view;
    if (filter !== this._filter || sort !== this._sort) {
      this._grid.node.scrollTop = 0;
    }
    [this._filter, this._sort] = [filter, sort];
  }

  private _openDetails(): void {
    this._hasDetails = true;
    this._drawDetails();
    if (this._details.covers) {
      this._details.focusClose();
    }
  }

  private _drawDetails(): void {
    const { store, view } = this._parts;
    const { chosen } = this;
    const isShown = this._hasDetails && chosen.length > 0;
    const losesFocus = !isShown && this._details.hasFocus;
    this._details.setHidden(!isShown);
    this._splitter.node.hidden = !isShown;
    this._splitter.share = view.share;
    this.node.style.setProperty('--asyncmd-share', String(view.share));
    this._details.setLines(isShown ? chosen : [], store.now);
    if (losesFocus) {
      this._grid.focusActive();
    }
  }

  private readonly _tools: Tools;
  private readonly _grid: CampaignGrid;
  private readonly _details: Details;
  private readonly _splitter: Splitter;
  private readonly _empty: EmptyNote;
  private readonly _columns;
  private readonly _listing: Listing;
  private _wanted = NONE;
  private _sizes!: ResizeObserver;
  private _clock: ReturnType<typeof setInterval> | undefined;
  private _timer: ReturnType<typeof setTimeout> | undefined;
  private _hasDetails = false;
  private _filter: IFilter | null = null;
  private _sort: ISort | null = null;
  private _visibilityChanged = new Signal<this, void>(this);
  private _selectionChanged = new Signal<this, void>(this);
}
