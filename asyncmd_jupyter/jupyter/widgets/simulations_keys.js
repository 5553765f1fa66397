// What keys and the mouse do in the grid.

class KeyedGrid extends Grid {
  constructor(parts) {
    super(parts);
    this.node.addEventListener("keydown", (event) => this.key(event));
    this.body.addEventListener("click", (event) => this.click(event));
    this.body.addEventListener("dblclick", (event) => this.doubleClick(event));
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
    this.reveal(place, this.extra());
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
}
