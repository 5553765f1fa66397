// Tells the kernel whether this page has WebGL, its theme, and which keys are pressed in a preview.

const KEYS = { " ": "play", ArrowRight: "next", ArrowLeft: "previous", Home: "first", End: "last" };
const WRITES = "input, textarea, select, button, [role=slider]";

function hasWebGL() {
  try {
    const context = document.createElement("canvas").getContext("webgl2") ?? document.createElement("canvas").getContext("webgl");
    // A page has only few contexts: this one is not needed any more.
    context?.getExtension("WEBGL_lose_context")?.loseContext();
    return Boolean(context);
  } catch {
    return false;
  }
}

// Runs when a page has the model, also where the output is not on the screen.
function initialize({ model }) {
  const is_kept = document.body.dataset.asyncmdViews === "kept";
  model.send({ page: { in_page: true, is_kept, webgl: hasWebGL() ? "yes" : "no", dark: isDark() } });
}

function follow(model, preview) {
  // Otherwise JupyterLab takes the arrow keys to move between cells.
  preview.dataset.lmSuppressShortcuts = "true";
  preview.tabIndex = 0;
  preview.setAttribute("role", "group");
  preview.setAttribute("aria-label", "Trajectory preview. Space plays, arrow keys step through the frames.");
  const press = (event) => {
    const key = KEYS[event.key];
    if (!key || event.ctrlKey || event.metaKey || event.altKey || event.target.closest(WRITES)) return;
    event.preventDefault();
    event.stopPropagation();
    model.send({ key });
  };
  // One for each preview, also where the page draws the helper twice.
  preview.onkeydown = press;
  const seen = new IntersectionObserver((entries) => {
    tellKernel(model, { on_screen: entries.at(-1).isIntersecting });
  });
  seen.observe(preview);
  return () => {
    if (preview.onkeydown === press) preview.onkeydown = null;
    seen.disconnect();
  };
}

function render({ model, el }) {
  el.hidden = true;
  let stop = () => undefined;
  let waiting;
  const begin = () => {
    const preview = el.closest(".asyncmd-preview");
    if (preview) stop = follow(model, preview);
    else waiting = requestAnimationFrame(begin);
  };
  begin();
  const theme = new MutationObserver(() => {
    tellKernel(model, { dark: isDark() });
  });
  theme.observe(document.body, { attributes: true, attributeFilter: ["data-jp-theme-light", "data-vscode-theme-kind"] });
  return () => {
    cancelAnimationFrame(waiting);
    theme.disconnect();
    stop();
  };
}

export default { initialize, render };
