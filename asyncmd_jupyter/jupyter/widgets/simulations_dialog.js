// Asks before something is done that can't be taken back.

const MOST_NAMES = 5;

class Confirmation {
  constructor(root, words, elsewhere) {
    this.words = words;
    this.elsewhere = elsewhere;
    this.node = element("dialog", "asyncmd-sims-dialog");
    this.node.setAttribute("role", "alertdialog");
    this.node.addEventListener("keydown", (event) => this.keepFocus(event));
    this.node.addEventListener("close", () => this.closed());
    root.append(this.node);
  }

  ask(action, names, chosen, answered) {
    const said = this.words.actions[action];
    const id = `asyncmd-sims-${Math.random().toString(36).slice(2)}`;
    const title = element("h2", "", counted(said.title, names.length));
    const more = chosen < names.length ? [counted(this.words.counted.chosen, chosen)] : [];
    const about = element("p", "", [said.text, ...more].join(" "));
    title.id = `${id}-title`;
    about.id = `${id}-about`;
    this.node.setAttribute("aria-labelledby", title.id);
    this.node.setAttribute("aria-describedby", about.id);
    const back = button("", this.words.keep, () => this.node.close());
    const go = button(`asyncmd-sims-go asyncmd-sims-${action}`, counted(said.go, names.length), () => {
      this.node.close();
      answered();
    });
    const row = element("div", "asyncmd-sims-answers");
    row.append(back, go);
    this.node.replaceChildren(title, about, this.list(names), row);
    this.backTo = document.activeElement;
    this.node.showModal();
    back.focus();
  }

  list(names) {
    const list = element("ul");
    for (const name of names.slice(0, MOST_NAMES)) list.append(element("li", "", name));
    const more = names.length - MOST_NAMES;
    if (more > 0) list.append(element("li", "", fill(this.words.and_more, { n: grouped(more, 0) })));
    return list;
  }

  // Tab must not leave for what lies behind.
  keepFocus(event) {
    event.stopPropagation();
    if (event.key !== "Tab") return;
    const stops = [...this.node.querySelectorAll("button")];
    const next = stops.indexOf(document.activeElement) + (event.shiftKey ? -1 : 1);
    event.preventDefault();
    stops[(next + stops.length) % stops.length].focus();
  }

  closed() {
    if (this.backTo?.isConnected) this.backTo.focus();
    // The button may have been disabled while it was asked.
    if (this.backTo && !this.backTo.matches(":focus")) this.elsewhere().focus();
    this.backTo = null;
  }
}
