// The panel below an opened row: log, script, files, what happened.

const TABS = ["log", "script", "files", "triage"];
const MOST_LOG_LINES = 200;

class Details {
  constructor(words, send, act, close) {
    this.words = words;
    this.send = send;
    this.act = act;
    this.id = `asyncmd-sims-${Math.random().toString(36).slice(2)}`;
    this.node = element("div", "asyncmd-sims-details");
    this.node.setAttribute("role", "row");
    const cell = element("div", "asyncmd-sims-details-cell");
    cell.setAttribute("role", "gridcell");
    this.head = element("div", "asyncmd-sims-details-head");
    this.panel = element("div", "asyncmd-sims-panel");
    this.panel.setAttribute("role", "tabpanel");
    this.panel.tabIndex = 0;
    this.panel.id = `${this.id}-panel`;
    this.closing = button("asyncmd-sims-plain", "×", close);
    this.closing.setAttribute("aria-label", words.close_details);
    this.makeTabs();
    this.actions = element("span", "asyncmd-sims-details-actions");
    this.trouble = element("div", "asyncmd-sims-problem");
    this.trouble.setAttribute("role", "status");
    this.head.append(this.tabs, this.actions, this.closing);
    cell.append(this.head, this.trouble, this.panel);
    this.node.append(cell);
    this.node.addEventListener("keydown", (event) => this.key(event, close));
  }

  makeTabs() {
    this.tabs = element("div", "asyncmd-sims-tabs");
    this.tabs.setAttribute("role", "tablist");
    this.tabButtons = TABS.map((tab) => {
      const node = button("asyncmd-sims-tab", this.words[`tab_${tab}`], () => this.choose(tab));
      node.setAttribute("role", "tab");
      node.setAttribute("aria-controls", this.panel.id);
      node.id = `${this.id}-${tab}`;
      return node;
    });
    this.tabs.append(...this.tabButtons);
  }

  open(row, name) {
    this.row = row;
    const label = fill(this.words.details, { name });
    this.node.setAttribute("aria-label", label);
    this.tabs.setAttribute("aria-label", label);
    this.paintActions();
    this.choose(row.state === "failed" ? "triage" : "log");
  }

  paintActions() {
    if (this.trouble.textContent !== this.row.trouble) this.trouble.textContent = this.row.trouble;
    this.trouble.hidden = !this.row.trouble;
    if (this.can === this.row.can && this.shownRow === this.row.number && this.actions.childElementCount) return;
    [this.can, this.shownRow] = [this.row.can, this.row.number];
    if (!this.actions.childElementCount) {
      this.actions.append(...actionButtons(this.words, (action) => this.act(action, [this.row])));
    }
    enableActions(this.actions, (bit) => this.row.can & bit, this.panel);
  }

  choose(tab, file) {
    this.tab = tab;
    for (const [i, node] of this.tabButtons.entries()) {
      node.setAttribute("aria-selected", String(TABS[i] === tab));
      node.tabIndex = TABS[i] === tab ? 0 : -1;
    }
    this.panel.setAttribute("aria-labelledby", `${this.id}-${tab}`);
    this.panel.replaceChildren(element("p", "asyncmd-sims-faint", this.words.loading));
    this.log = null;
    this.send({ kind: "open", row: this.row.number, tab, file: file ?? null });
  }

  receive(message) {
    if (message.row !== this.row?.number || message.tab !== this.tab) return;
    if (message.gone) this.say(this.words.no_longer);
    else if (message.error) this.say(`${this.words.error}: ${message.error}`);
    else if (this.tab === "log") this.receiveLog(message);
    else if (this.tab === "files") this.paintFiles(message.content);
    else if (message.content) this.say(message.content, "pre");
    else this.say(this.tab === "triage" ? this.words.nothing_wrong : this.words.nothing_written);
  }

  say(said, tag = "p") {
    this.panel.replaceChildren(element(tag, "", said));
    this.shorten(tag === "p");
  }

  // A sentence needs less room than a log.
  shorten(isShort) {
    if (this.isShort === isShort) return;
    this.isShort = isShort;
    this.node.style.height = `${isShort ? SHORT_DETAILS : DETAILS}px`;
    this.fits();
  }

  receiveLog(message) {
    if (message.logs) this.paintLogHead(message);
    if (message.text === undefined || !this.log) return;
    const isAtEnd = this.panel.scrollHeight - this.panel.scrollTop - this.panel.clientHeight < 30;
    const whole = (message.replace ? "" : (this.log.dataset.text ?? "")) + message.text;
    const kept = whole
      .split("\n")
      .slice(-MOST_LOG_LINES - 1)
      .join("\n");
    this.log.dataset.text = kept;
    this.log.textContent = kept || this.words.nothing_written;
    this.shorten(!kept);
    if (isAtEnd || message.replace) this.panel.scrollTop = this.panel.scrollHeight;
  }

  paintLogHead({ logs, chosen }) {
    if (!logs.length) return this.say(this.words.nothing_written);
    const label = element("label", "asyncmd-sims-faint", `${this.words.log_file} `);
    const select = element("select");
    for (const path of logs) {
      const option = element("option", "", path.split("/").slice(-2).join("/"));
      option.value = path;
      select.append(option);
    }
    select.value = chosen;
    select.addEventListener("change", () => this.choose("log", select.value));
    label.append(select);
    const before = this.log;
    this.log = before ?? element("pre");
    this.panel.replaceChildren(label, this.log);
  }

  paintFiles(files) {
    if (!files.length) return this.say(this.words.nothing_written);
    this.shorten(false);
    const table = element("table");
    const head = element("tr");
    for (const name of [this.words.file, this.words.size]) {
      const cell = element("th", "", name);
      cell.scope = "col";
      head.append(cell);
    }
    table.append(head);
    for (const [path, size] of files) {
      const line = element("tr");
      line.append(element("td", "", path), element("td", "asyncmd-sims-number", size === null ? "" : bytes(size)));
      table.append(line);
    }
    this.panel.replaceChildren(table);
  }

  key(event, close) {
    event.stopPropagation();
    if (event.key === "Escape") close();
    const place = this.tabButtons.indexOf(event.target);
    const step = { ArrowRight: 1, ArrowLeft: -1 }[event.key];
    if (place < 0 || !step) return;
    const next = (place + step + TABS.length) % TABS.length;
    this.choose(TABS[next]);
    this.tabButtons[next].focus();
  }
}
