// The grid itself. Only the lines that can be seen are in the page.

const LINE = 28;
const DETAILS = 300;
const MORE_LINES = 4;
const SELECT_WIDTH = 52;
const CANCEL_WIDTH = 74;

class Line {
  constructor(grid) {
    this.grid = grid;
    this.node = element("div", "asyncmd-sims-row");
    this.node.setAttribute("role", "row");
    this.cells = [];
    this.shownColumns = null;
  }

  cell(className) {
    const cell = element("div", `asyncmd-sims-cell ${className}`);
    cell.setAttribute("role", "gridcell");
    return cell;
  }

  layOut(columns, isGroup) {
    this.shownColumns = columns;
    this.isGroup = isGroup;
    this.said = [];
    this.first = this.cell("asyncmd-sims-first");
    this.mark = element("span", "asyncmd-sims-mark");
    this.mark.setAttribute("aria-hidden", "true");
    this.arrow = element("span", "asyncmd-sims-arrow", "▸");
    this.arrow.setAttribute("aria-hidden", "true");
    this.first.append(this.mark, this.arrow);
    if (isGroup) {
      this.cells = [this.cell("asyncmd-sims-group")];
      this.cells[0].setAttribute("aria-colspan", String(columns.length + 1));
      this.node.replaceChildren(this.first, ...this.cells);
      return;
    }
    this.cells = columns.map((column) => this.columnCell(column));
    this.last = this.cell("");
    this.button = button("asyncmd-sims-cancel", this.grid.words.actions.cancel.label, (event) => {
      event.stopPropagation();
      this.grid.act("cancel", [this.line.row]);
    });
    this.button.tabIndex = -1;
    this.last.append(this.button);
    this.node.replaceChildren(this.first, ...this.cells, this.last);
  }

  columnCell(column) {
    const cell = this.cell(column.right ? "asyncmd-sims-right" : "");
    if (column.key === "state") {
      this.icon = icon("waiting");
      this.word = element("span");
      this.note = element("span", "asyncmd-sims-faint");
      cell.append(this.icon, this.word, this.note);
    }
    if (column.key === "done") {
      this.bar = element("span", "asyncmd-sims-bar");
      this.amount = element("span");
      cell.append(this.bar, this.amount);
    }
    return cell;
  }

  paint(line, place) {
    const columns = this.grid.columns;
    const isGroup = line.group !== undefined;
    if (this.shownColumns !== columns || this.isGroup !== isGroup) this.layOut(columns, isGroup);
    this.node.classList.toggle("asyncmd-sims-grouprow", isGroup);
    this.line = line;
    this.place = place;
    this.set("top", this.node.style, "transform", `translateY(${this.grid.top(place)}px)`);
    this.attribute("aria-rowindex", place + 2 + (this.grid.opened >= 0 && place > this.grid.opened ? 1 : 0));
    this.attribute("data-active", this.grid.active === place ? "" : null);
    if (isGroup) this.paintGroup(line);
    else this.paintRow(line.row, place);
  }

  set(key, target, name, value) {
    if (this.said[key] === value) return;
    this.said[key] = value;
    target[name] = value;
  }

  attribute(name, value) {
    if (this.said[name] === value) return;
    this.said[name] = value;
    if (value === null) this.node.removeAttribute(name);
    else this.node.setAttribute(name, String(value));
  }

  paintGroup({ group, members }) {
    const { words, view, store } = this.grid;
    this.attribute("id", `${this.grid.id}-g-${this.place}`);
    this.attribute("data-sim", null);
    this.attribute("data-state", null);
    this.attribute("aria-level", 1);
    this.attribute("aria-expanded", !view.collapsed.has(group));
    this.attribute(
      "aria-selected",
      members.every((row) => this.grid.selected.has(row.number)),
    );
    const counts = new Map();
    for (const row of members) counts.set(row.state, (counts.get(row.state) ?? 0) + 1);
    const states = STATES.filter((s) => counts.has(s)).map((s) => `${counts.get(s)} ${store.words.states[s] ?? s}`);
    this.set("group", this.cells[0], "textContent", `${group || words.no_campaign} — ${states.join(", ")}`);
  }

  paintRow(row, place) {
    const { store, view } = this.grid;
    this.attribute("id", `${this.grid.id}-${row.number}`);
    this.attribute("data-sim", `${row.run}/${row.walker}`);
    this.attribute("data-state", row.state);
    this.attribute("aria-level", view.group ? 2 : 1);
    this.attribute("aria-expanded", this.grid.opened === place);
    this.attribute("aria-selected", this.grid.selected.has(row.number));
    this.shownColumns.forEach((column, i) => this.paintCell(column, i, row, store));
    this.set("off", this.button, "disabled", !(row.can & 1));
    if (this.said.number === row.number) return;
    this.said.number = row.number;
    this.button.setAttribute("aria-label", `${store.words.actions.cancel.label} ${store.name(row)}`);
  }

  paintCell(column, i, row, store) {
    const shown = column.shown(row, store);
    if (column.key === "state") this.paintState(row, shown);
    else if (column.key === "done") this.paintDone(row, shown);
    else if (column.key === "reason") this.paintReason(this.cells[i], row);
    else this.set(i, this.cells[i], "textContent", shown);
  }

  paintState(row, shown) {
    if (this.said.icon !== row.state) setIcon(this.icon, (this.said.icon = row.state));
    this.set("word", this.word, "textContent", shown);
    this.set("note", this.note, "textContent", row.note);
  }

  paintDone(row, shown) {
    this.set("amount", this.amount, "textContent", shown);
    this.set("no bar", this.bar, "hidden", !row.limit);
    const percent = row.limit ? `${Math.min(100, (row.done / row.limit) * 100).toFixed(1)}%` : "0%";
    if (this.said.percent !== percent) this.bar.style.setProperty("--done", (this.said.percent = percent));
  }

  paintReason(cell, row) {
    this.set("reason", cell, "textContent", row.trouble || row.reason);
    if (this.said.hasTrouble === Boolean(row.trouble)) return;
    this.said.hasTrouble = Boolean(row.trouble);
    cell.classList.toggle("asyncmd-sims-trouble", this.said.hasTrouble);
  }

  tick() {
    if (this.isGroup || !this.line) return;
    this.shownColumns.forEach((c, i) => c.ticks && this.paintCell(c, i, this.line.row, this.grid.store));
  }
}

class Grid {
  constructor({ store, view, words, caption, act, changed, send }) {
    Object.assign(this, { store, view, words, act, changed, send });
    this.id = `asyncmd-sims-${Math.random().toString(36).slice(2)}`;
    this.lines = [];
    this.selected = new Set();
    this.active = -1;
    this.anchor = -1;
    this.opened = -1;
    this.drawn = new Map();
    this.spare = [];
    this.node = element("div", "asyncmd-sims-grid");
    this.node.setAttribute("role", "treegrid");
    this.node.setAttribute("aria-multiselectable", "true");
    this.node.setAttribute("aria-label", caption);
    this.node.tabIndex = 0;
    this.head = element("div", "asyncmd-sims-head");
    this.head.setAttribute("role", "rowgroup");
    this.body = element("div", "asyncmd-sims-body");
    this.body.setAttribute("role", "rowgroup");
    this.node.append(this.head, this.body);
    this.details = new Details(words, send, act, () => this.close());
    this.node.addEventListener("scroll", () => this.ask(false), { passive: true });
    this.body.addEventListener("pointerover", (event) => this.explain(event.target.closest(".asyncmd-sims-cell")));
    this.node.addEventListener("keydown", (event) => this.key(event));
    this.body.addEventListener("click", (event) => this.click(event));
    this.body.addEventListener("dblclick", (event) => this.doubleClick(event));
  }

  top(place) {
    return place * LINE + (this.opened >= 0 && place > this.opened ? DETAILS : 0);
  }

  setColumns() {
    this.columns = COLUMNS.filter((column) => !this.view.hidden.has(column.key));
    const widths = [SELECT_WIDTH, ...this.columns.map((c) => c.width), CANCEL_WIDTH];
    this.node.style.setProperty("--columns", widths.map((w) => `minmax(${w}px, ${w}fr)`).join(" "));
    this.node.style.setProperty("--wide", `${widths.reduce((a, b) => a + b)}px`);
    this.node.style.setProperty("--grouped", `${SELECT_WIDTH}px 1fr`);
    this.node.setAttribute("aria-colcount", String(widths.length));
    this.paintHead();
  }

  paintHead() {
    const row = element("div", "asyncmd-sims-row asyncmd-sims-heads");
    row.setAttribute("role", "row");
    row.setAttribute("aria-rowindex", "1");
    this.all = button("asyncmd-sims-all", "", () => this.selectAll(this.all.ariaChecked !== "true"));
    this.all.setAttribute("role", "checkbox");
    this.all.setAttribute("aria-label", this.words.select_all);
    this.all.append(element("span", "asyncmd-sims-mark"));
    const first = this.headCell("asyncmd-sims-first", this.all);
    const heads = this.columns.map((column) => this.columnHead(column));
    const last = this.headCell("", element("span", "asyncmd-sims-said", this.words.actions.cancel.label));
    row.append(first, ...heads, last);
    row.addEventListener("keydown", (event) => this.headKey(event));
    this.head.replaceChildren(row);
    this.paintSort();
  }

  headCell(className, content) {
    const cell = element("div", `asyncmd-sims-cell ${className}`);
    cell.setAttribute("role", "columnheader");
    cell.append(content);
    return cell;
  }

  columnHead(column) {
    const node = button("asyncmd-sims-sort", this.words.columns[column.key], () => this.sort(column.key));
    node.tabIndex = this.columns[0] === column ? 0 : -1;
    const cell = this.headCell(column.right ? "asyncmd-sims-right" : "", node);
    cell.dataset.column = column.key;
    return cell;
  }

  sort(key) {
    const { sort } = this.view;
    if (sort.column !== key) this.view.sort = { column: key, falling: false };
    else this.view.sort = sort.falling ? { column: "", falling: false } : { column: key, falling: true };
    this.paintSort();
    this.changed();
  }

  paintSort() {
    const { column, falling } = this.view.sort;
    for (const cell of this.head.querySelectorAll("[data-column]")) {
      const isIt = cell.dataset.column === column;
      cell.setAttribute("aria-sort", isIt ? (falling ? "descending" : "ascending") : "none");
    }
  }

  headKey(event) {
    const step = { ArrowRight: 1, ArrowLeft: -1 }[event.key];
    const stops = [...this.head.querySelectorAll(".asyncmd-sims-sort")];
    const place = stops.indexOf(event.target);
    if (!step || place < 0) return;
    event.preventDefault();
    const next = stops[Math.min(stops.length - 1, Math.max(0, place + step))];
    stops.forEach((stop) => (stop.tabIndex = stop === next ? 0 : -1));
    next.focus();
  }

  setLines(lines) {
    const activeRow = this.lines[this.active];
    const openedRow = this.lines[this.opened]?.row;
    this.lines = lines;
    this.active = this.find(activeRow);
    this.anchor = this.active;
    this.opened = openedRow ? this.find({ row: openedRow }) : -1;
    if (openedRow && this.opened < 0) this.hideDetails();
    if (this.opened >= 0) this.details.row = lines[this.opened].row;
    this.node.setAttribute("aria-rowcount", String(lines.length + 1 + (this.opened >= 0 ? 1 : 0)));
    this.paint();
  }

  find(line) {
    if (!line) return -1;
    if (line.row) return this.lines.findIndex(({ row }) => row?.number === line.row.number);
    return this.lines.findIndex(({ group }) => group === line.group);
  }

  // What does not fit into a cell is said when somebody points at it.
  explain(cell) {
    if (cell && cell.title !== cell.textContent && !cell.querySelector("button")) cell.title = cell.textContent;
  }

  // Draw with the next picture of the page, however often this is called before.
  ask(isNew = true) {
    this.isStale ||= isNew;
    this.asked ??= requestAnimationFrame(() => this.paint(this.isStale));
  }

  paint(isNew = true) {
    cancelAnimationFrame(this.asked);
    this.asked = undefined;
    this.isStale = false;
    const extra = this.opened >= 0 ? DETAILS : 0;
    this.height(this.lines.length * LINE + extra);
    const first = Math.max(0, Math.floor((this.node.scrollTop - extra) / LINE) - MORE_LINES);
    const seen = Math.ceil(((this.tallSeen ||= this.node.clientHeight || 460) + extra) / LINE);
    const last = Math.min(this.lines.length - 1, first + seen + 2 * MORE_LINES);
    for (const [place, line] of this.drawn) if (place < first || place > last) this.drop(place, line);
    for (let place = first; place <= last; place++) this.draw(place, isNew);
    for (const line of this.spare.splice(0)) line.node.remove();
    this.paintRest();
  }

  height(pixels) {
    if (this.tall !== pixels) this.body.style.height = `${(this.tall = pixels)}px`;
  }

  drop(place, line) {
    this.drawn.delete(place);
    this.spare.push(line);
  }

  // A line that scrolled away is used again where it is, as moving nodes costs more than texts.
  draw(place, isNew) {
    const known = this.drawn.get(place);
    if (known && !isNew) return;
    const line = known ?? this.spare.pop() ?? new Line(this);
    line.paint(this.lines[place], place);
    this.drawn.set(place, line);
    if (!line.node.isConnected) this.body.append(line.node);
  }

  resized() {
    this.tallSeen = 0;
    this.ask();
  }

  paintRest() {
    const active = this.drawn.get(this.active);
    if (active) this.node.setAttribute("aria-activedescendant", active.node.id);
    else this.node.removeAttribute("aria-activedescendant");
    if (this.opened >= 0) {
      this.details.node.style.setProperty("--seen", `${this.node.clientWidth}px`);
      this.details.node.style.transform = `translateY(${(this.opened + 1) * LINE}px)`;
      this.details.node.setAttribute("aria-rowindex", String(this.opened + 3));
      this.details.paintActions();
    }
    const rows = this.shownRows().length;
    const chosen = this.selected.size;
    this.all.setAttribute("aria-checked", !chosen ? "false" : chosen >= rows ? "true" : "mixed");
  }

  tick() {
    for (const line of this.drawn.values()) line.tick();
  }

  shownRows() {
    if (this.rowsOf !== this.lines) {
      this.rowsOf = this.lines;
      this.rowsShown = this.lines.flatMap(({ row, group, members }) =>
        row ? [row] : this.view.collapsed.has(group) ? members : [],
      );
    }
    return this.rowsShown;
  }

  selectAll(wanted) {
    this.selected = new Set(wanted ? this.shownRows().map((row) => row.number) : []);
    this.changed(false, false);
  }

  rowsAt(from, to) {
    const lines = this.lines.slice(Math.min(from, to), Math.max(from, to) + 1);
    return lines.filter(({ row }) => row).map(({ row }) => row.number);
  }

  click(event) {
    if (event.target.closest(".asyncmd-sims-details")) return;
    const node = event.target.closest("[role=row]");
    const line = [...this.drawn.values()].find((drawn) => drawn.node === node);
    if (!line) return;
    const onMark = event.target.closest(".asyncmd-sims-mark");
    if (line.isGroup && !onMark) return this.activate(line.place, () => this.toggle(line.place));
    if (event.target.closest(".asyncmd-sims-arrow")) return this.activate(line.place, () => this.toggle(line.place));
    if (event.shiftKey && this.anchor >= 0) this.extend(line.place);
    else this.choose(line.place, Boolean(onMark) || event.ctrlKey || event.metaKey || line.isGroup);
    this.changed(false, false);
  }

  doubleClick(event) {
    const node = event.target.closest("[data-sim]");
    const line = [...this.drawn.values()].find((drawn) => drawn.node === node);
    if (line && !event.target.closest("button, .asyncmd-sims-first")) this.toggle(line.place);
  }

  activate(place, then) {
    this.active = this.anchor = place;
    then();
  }

  // Select a line, or with `keep` take it in or out.
  choose(place, keep) {
    const { row, members } = this.lines[place];
    const numbers = (row ? [row] : members).map(({ number }) => number);
    const wasIn = numbers.every((number) => this.selected.has(number));
    if (!keep) this.selected.clear();
    for (const number of numbers) {
      if (keep && wasIn) this.selected.delete(number);
      else this.selected.add(number);
    }
    this.active = this.anchor = place;
  }

  extend(place) {
    this.selected = new Set(this.rowsAt(this.anchor, place));
    this.active = place;
  }

  toggle(place) {
    const line = this.lines[place];
    if (line.group !== undefined) {
      if (!this.view.collapsed.delete(line.group)) this.view.collapsed.add(line.group);
      return this.changed();
    }
    if (this.opened === place) return this.close();
    this.opened = place;
    this.details.node.remove();
    this.drawn.get(place)?.node.after(this.details.node);
    if (!this.details.node.isConnected) this.body.append(this.details.node);
    this.details.open(line.row, this.store.name(line.row));
    this.setLines(this.lines);
    this.reveal(place, DETAILS);
    this.details.node.scrollIntoView({ block: "nearest" });
  }

  hideDetails() {
    this.opened = -1;
    this.details.node.remove();
    this.send({ kind: "close" });
  }

  close() {
    if (this.opened < 0) return;
    this.hideDetails();
    this.setLines(this.lines);
    this.node.focus();
  }

  key(event) {
    if (event.target !== this.node) return;
    const handled = this.move(event) || this.press(event);
    if (!handled) return;
    event.preventDefault();
    event.stopPropagation();
  }

  move({ key, shiftKey }) {
    const page = Math.max(1, Math.floor(this.node.clientHeight / LINE) - 2);
    const end = this.lines.length;
    const step = { ArrowDown: 1, ArrowUp: -1, PageDown: page, PageUp: -page, Home: -end, End: end }[key];
    if (!step || !end) return false;
    const from = this.active < 0 ? (step > 0 ? -1 : 0) : this.active;
    const to = Math.min(end - 1, Math.max(0, from + step));
    if (shiftKey) {
      if (this.anchor < 0) this.anchor = Math.max(0, this.active);
      this.extend(to);
    } else this.active = this.anchor = to;
    this.changed(false, false);
    this.reveal(to);
    return true;
  }

  press({ key, ctrlKey, metaKey }) {
    if (key === "a" && (ctrlKey || metaKey)) return this.selectAll(true) ?? true;
    if (key === "Escape") return this.opened >= 0 ? (this.close() ?? true) : (this.selectAll(false) ?? true);
    const line = this.lines[this.active];
    if (!line) return false;
    if (key === " ") {
      this.choose(this.active, true);
      this.changed(false, false);
      return true;
    }
    if (key === "Delete") return this.act("cancel", this.chosen()) ?? true;
    const isOpen = line.row ? this.opened === this.active : !this.view.collapsed.has(line.group);
    if (key === "Enter" || (key === "ArrowRight" && !isOpen) || (key === "ArrowLeft" && isOpen)) {
      this.toggle(this.active);
      return true;
    }
    return false;
  }

  // The rows that buttons work on: those that are selected, else the one with the focus.
  chosen() {
    const rows = [...this.selected].map((number) => this.store.rows.get(number)).filter(Boolean);
    const active = this.lines[this.active]?.row;
    return rows.length || !active ? rows : [active];
  }

  reveal(place, more = 0) {
    const top = this.top(place);
    const { scrollTop, clientHeight } = this.node;
    const room = clientHeight - this.head.offsetHeight;
    if (top < scrollTop) this.node.scrollTop = top;
    else if (top + LINE + more > scrollTop + room) this.node.scrollTop = Math.min(top, top + LINE + more - room);
    this.paint();
  }
}
