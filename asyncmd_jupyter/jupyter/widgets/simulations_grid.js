// The grid itself. Only the lines that can be seen are in the page.

const MORE_LINES = 4;
const SELECT_WIDTH = 50;
const CANCEL_WIDTH = 64;

class Grid {
  constructor({ store, view, words, caption, act, changed, send }) {
    Object.assign(this, { store, view, words, act, changed, send });
    this.id = `asyncmd-sims-${Math.random().toString(36).slice(2)}`;
    this.lines = [];
    this.widths = new Widths(words);
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
    this.details.fits = () => this.ask();
    this.node.addEventListener("scroll", () => this.ask(false), { passive: true });
    this.body.addEventListener("pointerover", (event) => this.explain(event.target.closest(".asyncmd-sims-cell")));
  }

  extra() {
    if (this.opened < 0) return 0;
    return this.details.isShort ? SHORT_DETAILS : DETAILS;
  }

  top(place) {
    return place * LINE + (place > this.opened ? this.extra() : 0);
  }

  setColumns() {
    this.columns = COLUMNS.filter((column) => !this.view.hidden.has(column.key));
    this.node.style.setProperty("--grouped", `${SELECT_WIDTH}px 1fr`);
    this.node.setAttribute("aria-colcount", String(this.columns.length + 2));
    this.paintHead();
    this.fit();
    this.layOutColumns();
  }

  layOutColumns() {
    const tracks = this.columns.map((column) => this.widths.track(column));
    const wide = this.columns.reduce((sum, c) => sum + this.widths.least(c), SELECT_WIDTH + CANCEL_WIDTH);
    this.node.style.setProperty("--columns", `${SELECT_WIDTH}px ${tracks.join(" ")} ${CANCEL_WIDTH}px`);
    this.node.style.setProperty("--wide", `${wide}px`);
    this.paintWide();
  }

  // Measures some lines only: whoever scrolls to a longer name sees it when it is there for a second.
  fit() {
    const from = Math.max(0, Math.floor(this.node.scrollTop / LINE) - 20);
    const rows = this.lines.slice(from, from + FITTED_ROWS).flatMap((line) => line.row ?? []);
    const sorted = this.view.sort.column;
    if (this.widths.fit(this.columns, rows, this.store, this.node, sorted)) this.layOutColumns();
  }

  // Where something lies outside, its scrollbar needs room of its own.
  paintWide() {
    this.node.toggleAttribute("data-wide", this.node.scrollWidth > this.node.clientWidth);
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
    if (!cell || cell.querySelector("button") || cell.closest(".asyncmd-sims-details")) return;
    const line = [...this.drawn.values()].find(({ node }) => node === cell.parentNode);
    const isValues = this.columns[line?.cells.indexOf(cell)]?.key === "values";
    const whole = isValues && line.line.row ? this.store.values(line.line.row, String) : cell.textContent;
    if (cell.title !== whole) cell.title = whole;
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
    const extra = this.extra();
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
    this.fit();
    this.paintWide();
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

  reveal(place, more = 0) {
    const top = this.top(place);
    const { scrollTop, clientHeight } = this.node;
    const room = clientHeight - this.head.offsetHeight;
    if (top < scrollTop) this.node.scrollTop = top;
    else if (top + LINE + more > scrollTop + room) this.node.scrollTop = Math.min(top, top + LINE + more - room);
    this.paint();
  }
}
