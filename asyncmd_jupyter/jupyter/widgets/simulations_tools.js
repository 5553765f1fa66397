// What lies above the grid: filter, states, groups, columns, and what can be done.

const ACTIONS = [
  ["cancel", 1],
  ["hold", 2],
  ["resume", 4],
  ["resubmit", 8],
];

function actionButtons(words, pressed) {
  return ACTIONS.map(([action, bit]) => {
    const node = button(`asyncmd-sims-${action}`, words.actions[action].label, () => pressed(action));
    node.dataset.action = action;
    node.dataset.bit = bit;
    return node;
  });
}

// A button that is disabled loses the focus to nowhere, so `elsewhere` gets it.
function setDisabled(node, isDisabled, elsewhere) {
  const hadFocus = isDisabled && node.matches(":focus");
  node.disabled = isDisabled;
  if (hadFocus) elsewhere.focus({ preventScroll: true });
}

function enableActions(parent, isPossible, elsewhere) {
  for (const node of parent.querySelectorAll("[data-bit]"))
    setDisabled(node, !isPossible(Number(node.dataset.bit)), elsewhere);
}

class Tools {
  constructor(words, view, changed) {
    this.words = words;
    this.view = view;
    this.changed = changed;
    this.boxes = new Map();
    this.node = element("div", "asyncmd-sims-tools");
    this.chips = element("div", "asyncmd-sims-chips");
    this.chips.setAttribute("role", "group");
    this.chips.setAttribute("aria-label", words.states_shown);
    this.actions = element("div", "asyncmd-sims-actions");
    this.summary = element("span", "asyncmd-sims-summary");
    const first = element("div", "asyncmd-sims-line");
    first.append(this.filter(), this.group(), this.columns());
    this.node.append(first, this.chips, this.actions);
  }

  filter() {
    const label = element("label", "asyncmd-sims-label", `${this.words.filter} `);
    this.input = element("input");
    this.input.type = "search";
    this.input.placeholder = this.words.filter_hint;
    this.input.addEventListener("input", () => {
      this.view.filter.text = this.input.value.trim().toLowerCase();
      this.changed();
    });
    label.append(this.input);
    return label;
  }

  group() {
    const label = element("label", "asyncmd-sims-label", `${this.words.group} `);
    this.grouping = element("select");
    for (const key of ["", "campaign", "run"]) {
      const option = element("option", "", this.words[`group_${key || "none"}`]);
      option.value = key;
      this.grouping.append(option);
    }
    this.grouping.value = this.view.group;
    this.grouping.addEventListener("change", () => {
      this.view.group = this.grouping.value;
      this.changed();
    });
    label.append(this.grouping);
    return label;
  }

  columns() {
    const holder = element("div", "asyncmd-sims-columns");
    const list = element("fieldset", "asyncmd-sims-popup");
    list.append(element("legend", "", this.words.choose_columns), ...COLUMNS.map((column) => this.choice(column)));
    list.hidden = true;
    const opener = button("", `${this.words.choose_columns} ▾`, () => toggle(list.hidden));
    const toggle = (open) => {
      list.hidden = !open;
      opener.setAttribute("aria-expanded", String(open));
    };
    toggle(false);
    holder.addEventListener("keydown", (event) => {
      if (event.key !== "Escape" || list.hidden) return;
      event.stopPropagation();
      toggle(false);
      opener.focus();
    });
    holder.addEventListener("focusout", (event) => holder.contains(event.relatedTarget) || toggle(false));
    // A click on a label moves the focus to nowhere for a moment.
    list.addEventListener("pointerdown", (event) => event.target.tagName === "INPUT" || event.preventDefault());
    holder.append(opener, list);
    return holder;
  }

  choice(column) {
    const label = element("label");
    const box = element("input");
    box.type = "checkbox";
    box.checked = !this.view.hidden.has(column.key);
    this.boxes.set(column.key, box);
    box.addEventListener("change", () => {
      this.view.hasChosen = true;
      if (box.checked) this.view.hidden.delete(column.key);
      else this.view.hidden.add(column.key);
      this.changed(true);
    });
    label.append(box, ` ${this.words.columns[column.key]}`);
    return label;
  }

  paintColumns() {
    for (const [key, box] of this.boxes) box.checked = !this.view.hidden.has(key);
  }

  paintChips(counts) {
    const states = STATES.filter((state) => counts.has(state) || this.view.filter.states.has(state));
    if (states.join() !== this.shownStates) {
      this.shownStates = states.join();
      this.chips.replaceChildren(...states.map((state) => this.chip(state)));
    }
    for (const chip of this.chips.children) {
      const { state } = chip.dataset;
      chip.setAttribute("aria-pressed", String(this.view.filter.states.has(state)));
      const number = grouped(counts.get(state) ?? 0, 0);
      if (chip.lastChild.textContent !== number) chip.lastChild.textContent = number;
    }
  }

  chip(state) {
    const chip = button("asyncmd-sims-chip", "", () => {
      const { states } = this.view.filter;
      if (!states.delete(state)) states.add(state);
      this.changed();
    });
    chip.dataset.state = state;
    const word = element("span", "", stateWord(this.words, state));
    chip.append(icon(state), word, element("b"));
    return chip;
  }

  // The buttons' line; made once, as a button that is made anew loses the focus.
  begin(act, clear) {
    this.clear = button("asyncmd-sims-plain", this.words.clear_selection, clear);
    this.actions.append(this.summary, ...actionButtons(this.words, act), this.clear);
  }

  paintActions(summary, rows, isSelection, elsewhere) {
    if (this.summary.textContent !== summary) this.summary.textContent = summary;
    enableActions(this.actions, (bit) => rows.some((row) => row.can & bit), elsewhere);
    const hadFocus = !isSelection && this.clear.matches(":focus");
    this.clear.hidden = !isSelection;
    if (hadFocus) elsewhere.focus({ preventScroll: true });
  }
}
