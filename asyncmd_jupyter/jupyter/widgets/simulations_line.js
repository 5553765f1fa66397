// One line of the grid: a simulation, or the head of a group of them.

const LINE = 28;
const DETAILS = 300;
const SHORT_DETAILS = 110;

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
      this.cells = [this.cell("asyncmd-sims-group asyncmd-sims-text")];
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
    const isText = !["run", "state", "done"].includes(column.key);
    const cell = this.cell(`${column.right ? "asyncmd-sims-right" : ""} ${isText ? "asyncmd-sims-text" : ""}`);
    if (column.key === "run") {
      // Where there is no room the name is cut, never the number of the walker.
      cell.classList.add("asyncmd-sims-name");
      this.runName = element("span");
      this.runWalker = element("span", "asyncmd-sims-walker");
      cell.append(this.runName, this.runWalker);
    }
    if (column.key === "state") {
      this.icon = icon("waiting");
      this.word = element("span", "asyncmd-sims-word");
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
    const said = countsText(counts, members.length, store.words);
    this.set("group", this.cells[0], "textContent", `${group || words.no_campaign} — ${said}`);
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
    const isOff = !(row.can & 1);
    if (this.said.off !== isOff) setDisabled(this.button, (this.said.off = isOff), this.grid.node);
    if (this.said.number === row.number) return;
    this.said.number = row.number;
    this.button.setAttribute("aria-label", `${store.words.actions.cancel.label} ${store.name(row)}`);
  }

  paintCell(column, i, row, store) {
    const shown = column.shown(row, store);
    if (column.key === "run") this.paintName(row);
    else if (column.key === "state") this.paintState(row, shown);
    else if (column.key === "done") this.paintDone(row, shown);
    else if (column.key === "reason") this.paintReason(this.cells[i], row, shown);
    else this.set(i, this.cells[i], "textContent", shown);
  }

  paintName(row) {
    this.set("run name", this.runName, "textContent", row.run);
    this.set("run walker", this.runWalker, "textContent", `/${row.walker}`);
  }

  paintState(row, shown) {
    if (this.said.icon !== row.state) setIcon(this.icon, (this.said.icon = row.state));
    this.set("word", this.word, "textContent", shown);
    const isSaid = this.shownColumns.some(({ key }) => key === "reason");
    this.set("note", this.note, "textContent", isSaid ? (row.state === "failed" ? "" : row.note) : row.trouble || row.note);
  }

  paintDone(row, shown) {
    this.set("amount", this.amount, "textContent", shown);
    this.set("no bar", this.bar, "hidden", !row.limit);
    const percent = row.limit ? `${Math.min(100, (row.done / row.limit) * 100).toFixed(1)}%` : "0%";
    if (this.said.percent !== percent) this.bar.style.setProperty("--done", (this.said.percent = percent));
  }

  paintReason(cell, row, shown) {
    this.set("reason", cell, "textContent", shown);
    if (this.said.hasTrouble === Boolean(row.trouble)) return;
    this.said.hasTrouble = Boolean(row.trouble);
    cell.classList.toggle("asyncmd-sims-trouble", this.said.hasTrouble);
  }

  tick() {
    if (this.isGroup || !this.line) return;
    this.shownColumns.forEach((c, i) => c.ticks && this.paintCell(c, i, this.line.row, this.grid.store));
  }
}
