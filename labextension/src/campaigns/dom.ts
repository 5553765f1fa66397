/** Make an element with a class and text. */
export function element<K extends keyof HTMLElementTagNameMap>(
  tag: K,
  className = '',
  text = ''
): HTMLElementTagNameMap[K] {
  const node = document.createElement(tag);
  node.className = className;
  node.textContent = text;
  return node;
}

/** Set text that may be cut, and say it as a whole where the mouse rests. */
export function setText(node: HTMLElement, text: string, title = text): void {
  if (node.textContent !== text) {
    node.textContent = text;
  }
  if (node.title !== title) {
    node.title = title;
  }
}

/** Set an attribute only if it is another one, so that pages at rest stay at rest. */
export function setAttribute(
  node: Element,
  name: string,
  value: string | null
): void {
  if (value === null) {
    node.removeAttribute(name);
  } else if (node.getAttribute(name) !== value) {
    node.setAttribute(name, value);
  }
}
