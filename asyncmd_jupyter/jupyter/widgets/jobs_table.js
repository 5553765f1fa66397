// The table of jobs. Rows come as messages and are kept in a Map, so that drawing only
// the visible ones later needs no change of the protocol.

const ICONS = {
  waiting: "M8 2a6 6 0 1 0 0 12A6 6 0 0 0 8 2m0 1.5a4.5 4.5 0 1 1 0 9 4.5 4.5 0 0 1 0-9",
  pending:
    "M8 2a6 6 0 1 0 0 12A6 6 0 0 0 8 2m0 1.5a4.5 4.5 0 1 1 0 9 4.5 4.5 0 0 1 0-9M7.25 5h1.5v3l2 1.4-.85 1.2L7.25 8.7z",
  running: "M4.5 3v10L13 8z",
  done: "M6.4 12.4 2.3 8.3l1.2-1.2 2.9 2.9 6.1-6.2 1.2 1.2z",
  failed: "M8 6.8 4.6 3.4 3.4 4.6 6.8 8l-3.4 3.4 1.2 1.2L8 9.2l3.4 3.4 1.2-1.2L9.2 8l3.4-3.4-1.2-1.2z",
  cancelled:
    "M8 2a6 6 0 1 0 0 12A6 6 0 0 0 8 2m0 1.5c1 0 1.9.3 2.7.9l-6.3 6.3A4.5 4.5 0 0 1 8 3.5m0 9c-1 0-1.9-.3-2.7-.9l6.3-6.3A4.5 4.5 0 0 1 8 12.5",
  lost: "M7.2 11h1.6v1.6H7.2zM8 3.2c-1.9 0-3 1.1-3.1 2.8h1.6c.1-.9.6-1.4 1.5-1.4s1.4.5 1.4 1.2c0 .6-.3.9-1 1.4C7.5 7.8 7.2 8.3 7.2 9.6v.4h1.5v-.3c0-.8.3-1.1 1-1.6.8-.6 1.3-1.3 1.3-2.3 0-1.600-1.200-2.600-3-2.600",
};
const COLUMNS = ["Job", "State", "Progress", "Elapsed", "Id", ""];

function element(tag, className, text) {
  const node = document.createElement(tag);
  if (className) node.className = className;
  if (text !== undefined) node.textContent = text;
  return node;
}

function icon(state) {
  const svg = document.createElementNS("http://www.w3.org/2000/svg", "svg");
  svg.setAttribute("viewBox", "0 0 16 16");
  svg.setAttribute("aria-hidden", "true");
  const path = document.createElementNS("http://www.w3.org/2000/svg", "path");
  path.setAttribute("d", Object.hasOwn(ICONS, state) ? ICONS[state] : ICONS.lost);
  path.setAttribute("fill-rule", "evenodd");
  svg.append(path);
  return svg;
}

function duration(seconds) {
  const s = Math.max(0, Math.floor(seconds));
  const two = (n) => String(n).padStart(2, "0");
  if (s < 3600) return `${Math.floor(s / 60)}:${two(s % 60)}`;
  if (s < 86400) return `${Math.floor(s / 3600)}:${two(Math.floor((s % 3600) / 60))}:${two(s % 60)}`;
  return `${Math.floor(s / 86400)} d ${Math.floor((s % 86400) / 3600)} h`;
}

function elapsed(row) {
  if (row.elapsed === null) return "";
  const since = row.ticking ? (performance.now() - row.received) / 1000 : 0;
  return duration(row.elapsed + since);
}

// Numbers and texts in turns, see `rows.in_order`: 2 comes before 10.
function isBefore(one, other) {
  for (let i = 0; i < one.length && i < other.length; i++) {
    const [a, b] = [one[i], other[i]];
    if (a === b) continue;
    return typeof a === typeof b ? a < b : typeof a === "number";
  }
  return one.length < other.length;
}

class Row {
  constructor(cancel) {
    this.node = element("tr");
    this.name = element("th", "asyncmd-jobs-name");
    this.name.scope = "row";
    this.state = element("td", "asyncmd-jobs-state");
    this.progress = element("td", "asyncmd-jobs-progress");
    this.bar = element("div", "asyncmd-jobs-bar");
    this.fill = element("div", "asyncmd-jobs-fill");
    this.bar.setAttribute("role", "progressbar");
    this.bar.setAttribute("aria-valuemin", "0");
    this.bar.setAttribute("aria-valuemax", "100");
    this.bar.append(this.fill);
    this.amount = element("span", "asyncmd-jobs-amount");
    this.progress.append(this.bar, this.amount);
    this.elapsed = element("td", "asyncmd-jobs-elapsed");
    this.id = element("td", "asyncmd-jobs-id");
    this.action = element("td", "asyncmd-jobs-action");
    this.button = element("button", "asyncmd-jobs-cancel", "Cancel");
    this.button.type = "button";
    this.button.addEventListener("click", () => {
      this.button.disabled = true;
      cancel(this.row.id);
    });
    this.action.append(this.button);
    this.node.append(this.name, this.state, this.progress, this.elapsed, this.id, this.action);
  }

  paint(row) {
    this.row = row;
    this.node.dataset.job = row.id;
    this.node.dataset.state = row.state;
    this.name.textContent = row.name;
    this.name.title = row.name;
    this.state.replaceChildren(icon(row.state), element("span", "", row.label));
    if (row.reason) this.state.append(element("span", "asyncmd-jobs-reason", row.reason));
    this.state.title = row.reason;
    this.paintProgress(row);
    this.id.replaceChildren(row.id);
    if (row.native) this.id.append(element("span", "asyncmd-jobs-native", row.native));
    this.id.title = row.nodes && `on ${row.nodes}`;
    this.button.hidden = !row.cancellable;
    this.button.disabled = false;
    this.button.setAttribute("aria-label", `Cancel ${row.name} (${row.id})`);
    this.tick();
  }

  paintProgress(row) {
    const percent = Math.round((row.fraction ?? 0) * 100);
    this.bar.hidden = row.fraction === null;
    this.bar.setAttribute("aria-valuenow", String(percent));
    this.bar.setAttribute("aria-label", `Progress of ${row.name}`);
    this.fill.style.width = `${percent}%`;
    this.amount.textContent = row.progress;
  }

  tick() {
    this.elapsed.textContent = elapsed(this.row);
  }
}

class Table {
  constructor(model, el) {
    this.model = model;
    this.rows = new Map();
    this.root = element("div", "asyncmd-jobs");
    this.problem = element("div", "asyncmd-jobs-problem");
    this.problem.setAttribute("role", "alert");
    this.table = element("table");
    this.table.append(this.head());
    this.body = element("tbody");
    this.table.append(this.body);
    this.empty = element("div", "asyncmd-jobs-empty", model.get("empty"));
    this.said = element("div", "asyncmd-jobs-said");
    this.said.setAttribute("aria-live", "polite");
    this.root.append(this.problem, this.table, this.empty, this.said);
    el.append(this.root);
    this.paintProblem();
    this.paintEmpty();
  }

  head() {
    this.table.setAttribute("aria-label", this.model.get("caption"));
    const line = element("tr");
    for (const name of COLUMNS) {
      const cell = element("th", "", name);
      cell.scope = "col";
      if (!name) cell.setAttribute("aria-label", "Actions");
      line.append(cell);
    }
    const head = element("thead");
    head.append(line);
    return head;
  }

  receive(message) {
    if (message.kind === "all") this.forget([...this.rows.keys()]);
    this.forget(message.gone);
    for (const row of message.rows) this.update({ ...row, received: performance.now() });
    this.paintEmpty();
  }

  forget(ids) {
    for (const id of ids) {
      this.rows.get(id)?.node.remove();
      this.rows.delete(id);
    }
  }

  update(row) {
    const known = this.rows.get(row.id);
    const view = known ?? new Row((id) => this.model.send({ kind: "cancel", id }));
    if (known && known.row.label !== row.label) this.said.textContent = `${row.name}: ${row.label}`;
    const isMoved = !known || String(known.row.order) !== String(row.order);
    view.paint(row);
    if (isMoved) this.insert(row, view);
  }

  insert(row, view) {
    this.rows.set(row.id, view);
    const others = [...this.body.children].filter((node) => node !== view.node);
    const next = others.find((node) => isBefore(row.order, this.rows.get(node.dataset.job).row.order));
    if (next ? view.node.nextSibling === next : view.node.parentNode && !view.node.nextSibling) return;
    const focused = document.activeElement;
    const hadFocus = view.node.contains(focused);
    this.body.insertBefore(view.node, next ?? null);
    if (hadFocus) focused.focus({ preventScroll: true });
  }

  tick() {
    for (const view of this.rows.values()) if (view.row.ticking) view.tick();
  }

  paintProblem() {
    this.problem.textContent = this.model.get("problem");
    this.problem.hidden = !this.model.get("problem");
  }

  paintEmpty() {
    this.empty.textContent = this.model.get("empty");
    this.empty.hidden = this.rows.size > 0;
    this.table.hidden = this.rows.size === 0;
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
  const empty = () => table.paintEmpty();
  model.on("change:problem", problem);
  model.on("change:empty", empty);
  const clock = setInterval(() => document.hidden || table.tick(), 1000);
  model.send({ kind: "ready" });
  return () => {
    clearInterval(clock);
    model.off("msg:custom", receive);
    model.off("change:problem", problem);
    model.off("change:empty", empty);
  };
}

export default { initialize, render };
