"""Front ends of widgets in a page of their own, without JupyterLab and a kernel."""

RENDER = """
async ({ esm, state }) => {
  const url = URL.createObjectURL(new Blob([esm], { type: "text/javascript" }));
  const heard = new Map();
  window.sent = [];
  const model = {
    get: (name) => state[name],
    set: (name, value) => (state[name] = value),
    send: (message) => window.sent.push(message),
    on: (name, hear) => heard.set(name, hear),
    off: (name) => heard.delete(name),
  };
  window.tell = (message) => heard.get("msg:custom")(message);
  window.change = (name, value) => {
    state[name] = value;
    heard.get(`change:${name}`)();
  };
  const { default: widget } = await import(url);
  const place = document.createElement("main");
  document.body.append(place);
  widget.render({ model, el: place });
}
"""


def render(page, widget, state):
    """Show the front end of a class of widgets in a page, with the state of its model."""
    page.set_content(f'<html lang="en"><title>plain</title><style>{widget._css}</style></html>')
    page.evaluate(RENDER, {"esm": str(widget._esm), "state": state})


def sent(page, kind=None):
    """Messages that the front end has sent."""
    return [m for m in page.evaluate("sent") if kind is None or m.get("kind") == kind]
