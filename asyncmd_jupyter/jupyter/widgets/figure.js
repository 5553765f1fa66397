// An image that is replaced without a flicker and reports the room and theme it has.

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
  return call;
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
    el.append(this.problem, this.waiting, this.image);
    this.url = null;
  }

  async paint() {
    const bytes = this.model.get("png");
    this.image.hidden = !bytes?.byteLength;
    this.waiting.hidden = !this.image.hidden;
    this.waiting.textContent = this.model.get("alt");
    if (!bytes?.byteLength) return;
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
    next.style.width = `${this.model.get("image_width")}px`;
    next.dataset.dark = this.model.get("image_dark");
    // An image that gets another source may be empty for a moment; a decoded one never is.
    this.image.replaceWith(next);
    this.image = next;
    this.paintGround();
    if (this.url) URL.revokeObjectURL(this.url);
    this.url = url;
  }

  // Until it is drawn anew, which nobody does when the kernel has gone, it is legible on its own ground.
  paintGround() {
    const { dark } = this.image.dataset;
    const fits = dark === undefined || dark === String(isDark());
    this.image.style.background = fits ? "" : dark === "true" ? "#111" : "#fff";
  }

  paintProblem() {
    this.problem.textContent = this.model.get("problem");
    this.problem.hidden = !this.model.get("problem");
  }

  drop() {
    if (this.url) URL.revokeObjectURL(this.url);
  }
}

// Runs when a page has the model, also where the output is not on the screen.
function initialize({ model }) {
  model.send({ page: { in_page: true, is_kept: document.body.dataset.asyncmdViews === "kept" } });
}

function render({ model, el }) {
  const picture = new Picture(model, el);
  const paint = () => picture.paint();
  const problem = () => picture.paintProblem();
  const tell = later(reporter(model, el), 150);
  const size = new ResizeObserver(tell);
  const theme = new MutationObserver(() => {
    picture.paintGround();
    tell();
  });
  model.on("change:png", paint);
  model.on("change:problem", problem);
  size.observe(el);
  theme.observe(document.body, { attributes: true, attributeFilter: ["data-jp-theme-light", "data-vscode-theme-kind"] });
  paint();
  problem();
  return () => {
    tell.stop();
    size.disconnect();
    theme.disconnect();
    model.off("change:png", paint);
    model.off("change:problem", problem);
    picture.drop();
  };
}

export default { initialize, render };
