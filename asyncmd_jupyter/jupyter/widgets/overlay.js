// What lies over a plot: the frame that is shown, values under the pointer, the range that is dragged.

const SVG = "http://www.w3.org/2000/svg";

const CAN_BE_USED = {
  tabindex: "0",
  role: "group",
  "aria-label": "Plot. Arrow keys step through the frames, plus and minus zoom, Escape shows all.",
  // Otherwise JupyterLab takes the arrow keys to move between cells.
  "data-lm-suppress-shortcuts": "true",
};

function shape(name, attributes) {
  const node = document.createElementNS(SVG, name);
  for (const [key, value] of Object.entries(attributes)) node.setAttribute(key, value);
  return node;
}

function labelled(className, role) {
  const node = document.createElement("div");
  node.className = className;
  if (role) node.setAttribute("role", role);
  return node;
}

class PlotOverlay {
  constructor(model, frame) {
    this.model = model;
    this.frame = frame;
    this.overlay = null;
    this.svg = shape("svg", { class: "asyncmd-figure-over", "aria-hidden": "true" });
    this.cursor = shape("g", {});
    this.pointed = shape("g", {});
    this.dragged = shape("rect", { class: "asyncmd-figure-dragged" });
    this.svg.append(this.cursor, this.pointed, this.dragged);
    this.tip = labelled("asyncmd-figure-tip");
    this.tip.hidden = true;
    this.foot = labelled("asyncmd-figure-foot");
    this.said = labelled("asyncmd-figure-said");
    this.all = document.createElement("button");
    Object.assign(this.all, { type: "button", className: "asyncmd-figure-all", textContent: "Whole range" });
    this.all.title = "Show all again (Escape, or a double click)";
    this.foot.append(this.said, this.all);
    frame.append(this.svg, this.tip);
    frame.after(this.foot);
  }

  // Called with each new image: what is drawn and what lies over it change together.
  paint() {
    const told = this.model.get("overlay");
    this.overlay = told?.axes?.length ? told : null;
    const is_there = this.overlay !== null;
    this.svg.style.display = is_there ? "" : "none";
    this.foot.hidden = !is_there;
    this.drag();
    for (const [name, value] of Object.entries(CAN_BE_USED)) {
      if (is_there) this.frame.setAttribute(name, value);
      else this.frame.removeAttribute(name);
    }
    if (!is_there) {
      this.point();
      return;
    }
    this.svg.setAttribute("viewBox", `0 0 ${this.overlay.size.join(" ")}`);
    this.all.hidden = !this.overlay.is_zoomed;
    this.paintCursor();
  }

  paintCursor() {
    if (!this.overlay) return;
    const { time, dots, words } = this.model.get("cursor") ?? {};
    this.cursor.replaceChildren(...this.line(time), ...this.dots(dots ?? []));
    this.say(words || (this.silent ? "" : "Click to see a frame as a molecule, drag to zoom."));
  }

  line(time) {
    const { axes, whole } = this.overlay;
    if (whole.y || time === undefined || !isWithin(axes[0].x, time)) return [];
    const left = leftOf(axes[0], time);
    const last = axes.at(-1).box;
    const ends = { x1: left, x2: left, y1: axes[0].box[1] - 3, y2: last[1] + last[3] };
    return [shape("line", { class: "asyncmd-figure-cursor", ...ends })];
  }

  dots(dots) {
    const seen = dots.filter(([number, x, y]) => {
      const axes = this.overlay.axes[number];
      return axes && isWithin(axes.x, x) && isWithin(axes.y, y);
    });
    return seen.map(([number, x, y, colour]) => {
      const axes = this.overlay.axes[number];
      return shape("circle", { class: "asyncmd-figure-dot", cx: leftOf(axes, x), cy: topOf(axes, y), r: 4, fill: colour });
    });
  }

  say(words) {
    if (this.said.textContent !== words) this.said.textContent = words;
    // Somebody who plays frames does not want to hear each of them.
    const is_heard = document.activeElement === this.frame;
    this.said.setAttribute("aria-live", is_heard ? "polite" : "off");
  }

  // A kernel that does not answer has not heard: nobody shall wait for a frame that never comes.
  hears(is_heard) {
    this.silent = !is_heard;
    this.foot.classList.toggle("asyncmd-mod-silent", !is_heard);
    if (is_heard) this.paintCursor();
    else this.say("The kernel does not answer: it is busy, or has gone. This is what it showed last.");
  }

  // Show what is under the pointer, or nothing.
  point(tip, at) {
    const words = tip?.words ?? "";
    this.tip.hidden = !words;
    this.pointed.replaceChildren(...(words ? this.dots(tip.dots ?? []) : []));
    if (!words || !this.overlay) return;
    this.tip.textContent = words;
    const share = at.left / this.overlay.size[0];
    this.tip.style.left = `${100 * share}%`;
    this.tip.style.top = `${(100 * at.top) / this.overlay.size[1]}%`;
    this.tip.style.transform = `translate(${share > 0.6 ? "calc(-100% - 12px)" : "12px"}, ${at.top < 60 ? "8px" : "calc(-100% - 8px)"})`;
  }

  // The range between two points, as it is dragged.
  drag(one, other) {
    const box = one && other ? this.between(one, other) : { x: 0, y: 0, width: 0, height: 0 };
    for (const [name, value] of Object.entries(box)) this.dragged.setAttribute(name, value);
  }

  between(one, other) {
    const { axes, whole } = this.overlay;
    const [left, top, width, height] = (axesAt(this.overlay, one) ?? axes[0]).box;
    const last = axes.at(-1).box;
    const xs = [one.left, other.left].map((x) => clamped(x, [left, left + width])).sort((a, b) => a - b);
    const ys = [one.top, other.top].map((y) => clamped(y, [top, top + height])).sort((a, b) => a - b);
    const [from, to] = whole.y ? ys : [axes[0].box[1], last[1] + last[3]];
    return { x: xs[0], y: from, width: xs[1] - xs[0], height: to - from };
  }

  // A point of the page in CSS pixels of the drawing, which may be shown smaller.
  place(event) {
    const box = this.svg.getBoundingClientRect();
    const [width, height] = this.overlay.size;
    return { left: ((event.clientX - box.left) / box.width) * width, top: ((event.clientY - box.top) / box.height) * height };
  }

  drop() {
    this.foot.remove();
  }
}
