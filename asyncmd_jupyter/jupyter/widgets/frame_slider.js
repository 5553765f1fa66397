// A slider with a name. What is chosen goes to the kernel at most once in a picture of the page.

const PATIENCE_MS = 1000;
const SHOWN = ["value", "max", "label"];

function slider(label) {
  const node = document.createElement("input");
  Object.assign(node, { type: "range", min: "0", step: "1", title: "Which frame is shown" });
  node.setAttribute("aria-label", label);
  return node;
}

function render({ model, el }) {
  const node = slider(model.get("label"));
  let asked;
  // The kernel repeats each choice: an older one would take the handle back.
  let awaited = null;
  let patience;
  const say = () => node.setAttribute("aria-valuetext", `${node.value} of ${model.get("max")}`);
  const show = () => {
    if (awaited === model.get("value")) awaited = null;
    node.max = String(model.get("max"));
    if (awaited === null) node.value = String(model.get("value"));
    say();
  };
  const forget = () => {
    awaited = null;
    show();
  };
  const send = () => {
    asked = undefined;
    model.send({ page: { value: awaited ?? Number(node.value) } });
  };
  node.addEventListener("input", () => {
    awaited = Number(node.value);
    say();
    asked ??= requestAnimationFrame(send);
    clearTimeout(patience);
    patience = setTimeout(forget, PATIENCE_MS);
  });
  for (const name of SHOWN) model.on(`change:${name}`, show);
  show();
  el.classList.add("asyncmd-frames");
  el.append(node);
  return () => {
    cancelAnimationFrame(asked);
    clearTimeout(patience);
    for (const name of SHOWN) model.off(`change:${name}`, show);
  };
}

export default { render };
