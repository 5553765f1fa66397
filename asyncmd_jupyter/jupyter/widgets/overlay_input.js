// What the reader does with a plot, as messages: {plot: {kind: hover | click | zoom | key, …}}.

const CLICK_PX = 4; // a hand is not that still
const ANSWER_MS = 4000;
const TURN_MS = 120;
const PLOT_KEYS = { ArrowRight: "next", ArrowLeft: "previous", Home: "first", End: "last", " ": "play", Enter: "choose" };

class PlotInput {
  constructor(model, over) {
    this.model = model;
    this.over = over;
    this.view = Math.random().toString(36).slice(2);
    this.number = 0;
    this.hovered = null; // what was asked last, until it is answered
    this.next = null;
    this.wanted = null; // the range that was asked for, until it is shown
    const { frame } = over;
    const on = (name, hear, options) => frame.addEventListener(name, (event) => this.over.overlay && hear(event), options);
    on("pointermove", (event) => this.move(event));
    on("pointerdown", (event) => this.press(event));
    on("pointerup", (event) => this.release(event));
    on("pointercancel", () => this.stop());
    on("pointerleave", () => this.leave());
    on("dblclick", () => this.zoom(null));
    on("wheel", (event) => this.wheel(event), { passive: false });
    on("keydown", (event) => this.key(event));
    over.all.addEventListener("click", () => this.zoom(null));
    this.later = later(() => this.sendZoom(), TURN_MS);
    this.hear = (message) => this.answered(message);
    model.on("msg:custom", this.hear);
  }

  send(plot) {
    this.number += 1;
    tellPlot(this.model, { ...plot, view: this.view, number: this.number });
    return this.number;
  }

  // Ask for something that has to be answered.
  ask(plot) {
    this.send(plot);
    clearTimeout(this.patience);
    this.patience = setTimeout(() => this.over.hears(false), ANSWER_MS);
  }

  answered(message) {
    if (message.plot?.view !== this.view) return;
    clearTimeout(this.patience);
    if (this.over.silent) this.over.hears(true);
    const { tip, number } = message.plot;
    if (tip === undefined || this.hovered?.number !== number) return;
    if (this.isInside) this.over.point(tip, this.hovered.at);
    this.hovered = null;
    if (this.next) this.hover(this.next);
  }

  // One question at a time, and of those that come meanwhile only the last.
  hover(at) {
    const is_open = this.hovered && performance.now() - this.hovered.since < ANSWER_MS;
    this.next = is_open ? at : null;
    if (is_open) return;
    this.hovered = { at, since: performance.now(), number: this.send({ kind: "hover", ...at }) };
  }

  move(event) {
    const at = this.over.place(event);
    this.isInside = true;
    this.at = at;
    if (this.from && event.buttons) this.drag(at, event);
    else if (axesAt(this.over.overlay, at)) this.hover(at);
    else this.leave();
  }

  press(event) {
    const at = this.over.place(event);
    if (event.button !== 0 || !axesAt(this.over.overlay, at)) return;
    this.from = at;
    this.pans = event.shiftKey && this.over.overlay.is_zoomed ? rangeOf(this.over.overlay) : null;
    this.over.frame.setPointerCapture(event.pointerId);
    this.over.frame.focus({ preventScroll: true });
    event.preventDefault();
  }

  drag(at) {
    this.over.point();
    if (this.pans) this.pan(this.pans, at);
    else if (this.isFar(at)) this.over.drag(this.from, at);
  }

  pan(range, at) {
    const [, , width, height] = this.over.overlay.axes[0].box;
    this.wanted = movedBy(range, this.over.overlay, { x: (this.from.left - at.left) / width, y: (at.top - this.from.top) / height });
    this.later();
  }

  isFar(at) {
    return Math.hypot(at.left - this.from.left, at.top - this.from.top) > CLICK_PX;
  }

  release(event) {
    if (!this.from) return;
    const at = this.over.place(event);
    const is_click = !this.isFar(at);
    if (is_click) this.ask({ kind: "click", ...at });
    else if (!this.pans) this.zoom(rangeBetween(this.over.overlay, this.from, at));
    this.stop();
  }

  stop() {
    this.from = this.pans = null;
    this.over.drag();
  }

  leave() {
    this.isInside = false;
    this.next = null;
    this.over.point();
  }

  zoom(range) {
    this.wanted = range;
    this.sendZoom();
  }

  sendZoom() {
    this.ask({ kind: "zoom", to: this.wanted && rangeOrAll(this.wanted, this.over.overlay) });
  }

  // What is shown, or will be as soon as it is drawn.
  range() {
    return this.wanted ?? rangeOf(this.over.overlay);
  }

  wheel(event) {
    const at = this.over.place(event);
    const { overlay } = this.over;
    if (!axesAt(overlay, at)) return;
    if (event.ctrlKey || event.metaKey) this.wanted = zoomedBy(this.range(), overlay, Math.exp(event.deltaY * 0.002), at);
    else if (overlay.is_zoomed && (event.shiftKey || Math.abs(event.deltaX) > Math.abs(event.deltaY))) {
      this.wanted = movedBy(this.range(), overlay, { x: (event.deltaX || event.deltaY) / 500 });
    } else return;
    event.preventDefault();
    this.later();
  }

  key(event) {
    if (event.ctrlKey || event.metaKey || event.altKey) return;
    const { overlay } = this.over;
    const factor = { "+": 0.5, "=": 0.5, "-": 2 }[event.key];
    const aside = { ArrowRight: 0.25, ArrowLeft: -0.25 }[event.key];
    if (factor) this.zoom(zoomedBy(this.range(), overlay, factor, this.middle()));
    else if (event.key === "Escape") this.zoom(null);
    else if (event.shiftKey && aside) this.zoom(movedBy(this.range(), overlay, { x: aside }));
    else if (PLOT_KEYS[event.key]) this.ask({ kind: "key", key: PLOT_KEYS[event.key] });
    else return;
    event.preventDefault();
    event.stopPropagation();
  }

  // Keys zoom around the frame that is shown.
  middle() {
    const [axes] = this.over.overlay.axes;
    const [left, top, width, height] = axes.box;
    const { time, dots } = this.model.get("cursor") ?? {};
    const x = this.over.overlay.whole.y ? dots?.[0]?.[1] : time;
    const y = this.over.overlay.whole.y ? dots?.[0]?.[2] : undefined;
    return {
      left: x === undefined ? left + width / 2 : leftOf(axes, x),
      top: y === undefined ? top + height / 2 : topOf(axes, y),
    };
  }

  // A range that was asked for is shown: what follows begins with it.
  painted() {
    if (!this.from && !this.later.waits()) this.wanted = null;
    if (this.isInside && this.over.overlay) this.hover(this.at);
  }

  drop() {
    this.later.stop();
    clearTimeout(this.patience);
    this.model.off("msg:custom", this.hear);
  }
}

function tellPlot(model, plot) {
  try {
    model.send({ plot });
  } catch {
    // No answer comes either, and that is said.
  }
}
