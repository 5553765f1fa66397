// All parts together, and the two functions that anywidget calls.

const SAY_AT_MOST = 3;
const REORDER_MS = 1000;

class Table {
  constructor(model, el) {
    this.model = model;
    this.words = model.get("words");
    this.view = this.remembered(model.get("layout_chosen"));
    this.store = new Store(model.get("fields"), this.words);
    this.root = element("section", "asyncmd-sims");
    this.root.setAttribute("aria-label", model.get("caption"));
    // The notebook's own keys would move between cells.
    this.root.setAttribute("data-lm-suppress-shortcuts", "true");
    this.confirmation = new Confirmation(this.root, this.words, () => this.grid.node);
    this.problem = element("div", "asyncmd-sims-problem");
    this.problem.setAttribute("role", "alert");
    this.said = element("div", "asyncmd-sims-said");
    this.said.setAttribute("aria-live", "polite");
    // Of its own: two texts that one region gets at once are read as the last one.
    this.news = element("div", "asyncmd-sims-said");
    this.news.setAttribute("aria-live", "polite");
    this.empty = element("div", "asyncmd-sims-empty");
    this.tools = new Tools(this.words, this.view, (columns) => this.changed(columns));
    this.tools.begin(
      (action) => this.act(action, this.grid.chosen()),
      () => this.grid.selectAll(false),
    );
    this.grid = this.makeGrid(model);
    this.root.append(this.problem, this.tools.node, this.grid.node, this.empty, this.said, this.news);
    el.append(this.root);
    this.grid.setColumns();
    this.changed();
    this.paintProblem();
    this.sizes = new ResizeObserver(() => this.grid.resized());
    this.sizes.observe(this.grid.node);
  }

  makeGrid(model) {
    return new KeyedGrid({
      store: this.store,
      view: this.view,
      words: this.words,
      caption: model.get("caption"),
      act: (action, rows) => this.act(action, rows),
      changed: (columns, lines) => this.changed(columns, lines),
      send: (message) => model.send(message),
    });
  }

  remembered({ hidden, sort, group }) {
    return {
      hidden: new Set(hidden ?? hiddenAtFirst([])),
      hasChosen: Boolean(hidden),
      sort: sort ?? { column: "", falling: false },
      group: group ?? "",
      filter: { text: "", states: new Set() },
      collapsed: new Set(),
    };
  }

  remember() {
    const { hidden, hasChosen, sort, group } = this.view;
    const now = { ...(hasChosen && { hidden: [...hidden] }), sort: { ...sort }, group };
    if (JSON.stringify(now) === JSON.stringify(this.model.get("layout_chosen"))) return;
    this.model.set("layout_chosen", now);
    this.model.send({ page: { layout_chosen: now } });
  }

  // Something was chosen: other columns, other lines, or only another selection.
  changed(columns = false, lines = true) {
    if (columns) this.grid.setColumns();
    if (lines) this.order();
    else this.grid.paint();
    if (lines) this.remember();
    this.paintAround();
  }

  order() {
    this.orderedAt = performance.now();
    this.chooseColumns();
    this.grid.setLines(this.store.lines(this.view));
    this.grid.fit();
  }

  chooseColumns() {
    const { view } = this;
    if (view.hasChosen) return;
    const hidden = hiddenAtFirst([...this.store.rows.values()]);
    if (hidden.join() === [...view.hidden].join()) return;
    view.hidden = new Set(hidden);
    this.tools.paintColumns();
    this.grid.setColumns();
  }

  // New values reorder the lines now and then, not under the hand all the time.
  reorder(isNew) {
    if (this.waiting) return;
    const wait = isNew && !this.grid.lines.length ? 0 : this.orderedAt + REORDER_MS - performance.now();
    this.waiting = setTimeout(
      () => {
        this.waiting = undefined;
        this.order();
        this.paintAround();
      },
      Math.max(0, wait),
    );
  }

  paintAround() {
    const { counted: forms } = this.words;
    const total = this.store.rows.size;
    const shown = this.grid.shownRows().length;
    const parts = [counted(forms.simulations, total)];
    if (shown !== total) parts.push(counted(forms.shown, shown));
    const selected = this.grid.selected.size;
    if (selected) parts.push(counted(forms.selected, selected));
    this.tools.paintChips(this.store.counts());
    this.tools.paintActions(parts.join(", "), this.grid.chosen(), selected > 0, this.grid.node);
    this.say(parts.join(", "));
    const missing = this.total > total ? this.words.loading : total ? this.words.no_match : this.words.empty;
    this.empty.textContent = shown ? "" : missing;
    this.empty.hidden = Boolean(shown);
  }

  say(text) {
    if (this.said.textContent !== text) this.said.textContent = text;
  }

  act(action, rows) {
    const bit = Object.fromEntries(ACTIONS)[action];
    const chosen = rows.filter((row) => row.can & bit);
    if (!chosen.length) return;
    const meant = action === "cancel" ? chosen : this.store.ofWholeRuns(chosen).filter((row) => row.can & bit);
    const names = meant.map((row) => this.store.name(row));
    const numbers = meant.map((row) => row.number);
    const send = () => this.model.send({ kind: "act", action, rows: numbers });
    this.confirmation.ask(action, names, chosen.length, send);
  }

  receive(message) {
    if (message.kind === "detail") return this.grid.details.receive(message);
    if (message.kind === "changes") return this.receiveChanges(message.changes);
    if (message.kind === "all") {
      this.total = message.total;
      this.store.reset(message);
    } else if (message.kind === "rows") this.sayStates(this.store.put(message));
    else if (message.kind === "gone") this.store.forget(message.numbers);
    this.forgetSelected();
    this.reorder(true);
  }

  receiveChanges(changes) {
    const { met, names } = this.store.change(changes);
    this.sayStates(met);
    this.grid.ask();
    if (names.has("can")) this.paintAround();
    if (this.store.matters(names, this.view)) this.reorder(false);
  }

  forgetSelected() {
    for (const number of this.grid.selected) if (!this.store.rows.has(number)) this.grid.selected.delete(number);
  }

  sayStates(rows) {
    if (!rows.length || rows.length > SAY_AT_MOST) return;
    const say = (row) => fill(this.words.changed_state, { name: this.store.name(row), state: this.store.state(row) });
    this.news.textContent = rows.map(say).join("; ");
  }

  paintProblem() {
    this.problem.textContent = this.model.get("problem");
    this.problem.hidden = !this.model.get("problem");
  }

  end() {
    this.sizes.disconnect();
    clearTimeout(this.waiting);
    this.grid.hideDetails();
  }
}

// Runs when a page has the model, also where the output is not on the screen.
function initialize({ model }) {
  model.send({ page: { in_page: true, is_kept: document.body.dataset.asyncmdViews === "kept" } });
}

function render({ model, el }) {
  const table = new Table(model, el);
  const receive = (message) => table.receive(message);
  const problem = () => table.paintProblem();
  model.on("msg:custom", receive);
  model.on("change:problem", problem);
  const clock = setInterval(() => document.hidden || table.grid.tick(), 1000);
  model.send({ kind: "ready" });
  return () => {
    clearInterval(clock);
    model.off("msg:custom", receive);
    model.off("change:problem", problem);
    table.end();
  };
}

export default { initialize, render };
