// An image that is replaced without a flicker and reports the room and theme it has.

const PAINTED = ["png", "overlay", "alt", "caption"];

function pause(milliseconds) {
  return new Promise((resolve) => setTimeout(resolve, milliseconds));
}

function roomOf(el) {
  const shown_width = Math.floor(el.clientWidth);
  if (shown_width < 50) return undefined;
  return { shown_width, pixel_ratio: window.devicePixelRatio || 1, dark: isDark() };
}

function reporter(model, el) {
  let before;
  return () => {
    const room = roomOf(el);
    if (!room || JSON.stringify(room) === before) return;
    before = JSON.stringify(room);
    tellKernel(model, room);
  };
}

// Calls in a row give one action, which none of them puts off.
function later(action, delay) {
  let timer;
  const call = () => {
    timer ??= setTimeout(() => {
      timer = undefined;
      action();
    }, delay);
  };
  call.stop = () => clearTimeout(timer);
  call.waits = () => timer !== undefined;
  return call;
}

// Several changes of one message give one call, when all of them are there.
function once(action) {
  let waits = false;
  return () => {
    if (waits) return;
    waits = true;
    queueMicrotask(() => {
      waits = false;
      action();
    });
  };
}

class Picture {
  constructor(model, el) {
    this.model = model;
    this.image = document.createElement("img");
    this.image.className = "asyncmd-figure-image";
    this.waiting = document.createElement("div");
    this.waiting.className = "asyncmd-figure-waiting";
    this.problem = document.createElement("div");
    this.problem.className = "asyncmd-figure-problem";
    this.problem.setAttribute("role", "alert");
    el.classList.add("asyncmd-figure");
    this.frame = document.createElement("div");
    this.frame.className = "asyncmd-figure-frame";
    this.frame.append(this.image);
    this.caption = document.createElement("div");
    this.caption.className = "asyncmd-figure-caption";
    el.append(this.problem, this.waiting, this.frame, this.caption);
    this.over = new PlotOverlay(model, this.frame);
    this.url = null;
  }

  async paint() {
    const bytes = this.model.get("png");
    this.image.hidden = !bytes?.byteLength;
    this.waiting.hidden = !this.image.hidden;
    this.frame.hidden = this.image.hidden;
    this.waiting.textContent = this.model.get("alt");
    this.caption.textContent = this.model.get("caption");
    if (!bytes?.byteLength) {
      this.over.paint();
      return;
    }
    const url = URL.createObjectURL(new Blob([bytes], { type: "image/png" }));
    const next = new Image();
    next.src = url;
    // A page that is busy may forget to say that it is done.
    await Promise.race([next.decode().catch(() => undefined), pause(1000)]);
    if (bytes !== this.model.get("png")) {
      URL.revokeObjectURL(url);
      return;
    }
    next.className = this.image.className;
    next.alt = this.model.get("alt");
    this.frame.style.width = `${this.model.get("image_width")}px`;
    next.dataset.dark = this.model.get("image_dark");
    // An image that gets another source may be empty for a moment; a decoded one never is.
    this.image.replaceWith(next);
    this.image = next;
    this.fitTheme();
    this.over.paint();
    if (this.url) URL.revokeObjectURL(this.url);
    this.url = url;
  }

  // Until it is drawn anew, which nobody does when the kernel has gone, light and dark change places.
  fitTheme() {
    const { dark } = this.image.dataset;
    const fits = dark === undefined || dark === String(isDark());
    this.image.style.filter = fits ? "" : "invert(1) hue-rotate(180deg)";
  }

  paintProblem() {
    this.problem.textContent = this.model.get("problem");
    this.problem.hidden = !this.model.get("problem");
  }

  drop() {
    if (this.url) URL.revokeObjectURL(this.url);
    this.over.drop();
  }
}

// Runs when a page has the model, also where the output is not on the screen.
function initialize({ model }) {
  model.send({ page: { in_page: true, is_kept: document.body.dataset.asyncmdViews === "kept" } });
}

function render({ model, el }) {
  const picture = new Picture(model, el);
  const input = new PlotInput(model, picture.over);
  const paint = once(() => picture.paint().then(() => input.painted()));
  const cursor = () => picture.over.paintCursor();
  const problem = () => picture.paintProblem();
  const tell = later(reporter(model, el), 150);
  const size = new ResizeObserver(tell);
  const theme = new MutationObserver(() => {
    picture.fitTheme();
    tell();
  });
  for (const name of PAINTED) model.on(`change:${name}`, paint);
  model.on("change:cursor", cursor);
  model.on("change:problem", problem);
  size.observe(el);
  theme.observe(document.body, { attributes: true, attributeFilter: ["data-jp-theme-light", "data-vscode-theme-kind"] });
  paint();
  problem();
  return () => {
    tell.stop();
    size.disconnect();
    theme.disconnect();
    for (const name of PAINTED) model.off(`change:${name}`, paint);
    model.off("change:cursor", cursor);
    input.drop();
    model.off("change:problem", problem);
    picture.drop();
  };
}

export default { initialize, render };
