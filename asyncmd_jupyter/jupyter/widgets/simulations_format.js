// Numbers, times and words as people read them. These files are joined in the order that
// simulations.py gives: a front-end module can't import its neighbours.

const ICONS = {
  preparing: "M8 2a6 6 0 1 0 0 12A6 6 0 0 0 8 2m0 1.5a4.5 4.5 0 1 1 0 9 4.5 4.5 0 0 1 0-9",
  waiting:
    "M8 2a6 6 0 1 0 0 12A6 6 0 0 0 8 2m0 1.5a4.5 4.5 0 1 1 0 9 4.5 4.5 0 0 1 0-9M7.25 5h1.5v3l2 1.4-.85 1.2L7.25 8.7z",
  running: "M4.5 3v10L13 8z",
  held: "M4 3h3v10H4zM9 3h3v10H9z",
  reached: "M8 1.5l2 4.3 4.6.6-3.4 3.2.9 4.6L8 11.9l-4.1 2.3.9-4.6L1.4 6.4 6 5.8z",
  done: "M6.4 12.4 2.3 8.3l1.2-1.2 2.9 2.9 6.1-6.2 1.2 1.2z",
  limit: "M3.5 3.5h9v9h-9z",
  cancelled:
    "M8 2a6 6 0 1 0 0 12A6 6 0 0 0 8 2m0 1.5c1 0 1.9.3 2.7.9l-6.3 6.3A4.5 4.5 0 0 1 8 3.5m0 9c-1 0-1.9-.3-2.7-.9l6.3-6.3A4.5 4.5 0 0 1 8 12.5",
  failed: "M8 6.8 4.6 3.4 3.4 4.6 6.8 8l-3.4 3.4 1.2 1.2L8 9.2l3.4 3.4 1.2-1.2L9.2 8l3.4-3.4-1.2-1.2z",
};
ICONS.cancelling = ICONS.cancelled;
const ENDED = new Set(["reached", "done", "limit", "cancelled", "failed"]);
const RESTING = new Set(["held", ...ENDED]);
const STATES = ["running", "preparing", "waiting", "held", "cancelling", "reached", "done", "limit", "cancelled", "failed"];

function element(tag, className, text) {
  const node = document.createElement(tag);
  if (className) node.className = className;
  if (text !== undefined) node.textContent = text;
  return node;
}

function button(className, text, pressed) {
  const node = element("button", `asyncmd-sims-button ${className}`, text);
  node.type = "button";
  node.addEventListener("click", pressed);
  return node;
}

function icon(state) {
  const svg = document.createElementNS("http://www.w3.org/2000/svg", "svg");
  svg.setAttribute("viewBox", "0 0 16 16");
  svg.setAttribute("aria-hidden", "true");
  const path = document.createElementNS("http://www.w3.org/2000/svg", "path");
  path.setAttribute("fill-rule", "evenodd");
  svg.append(path);
  setIcon(svg, state);
  return svg;
}

function setIcon(svg, state) {
  svg.firstChild.setAttribute("d", Object.hasOwn(ICONS, state) ? ICONS[state] : ICONS.preparing);
}

function stateWord(words, state) {
  return Object.hasOwn(words.states, state) ? words.states[state] : state;
}

// How many of a group are in which state, as `simulations_still.states_text` says it.
const TOLD = ["reached", "done", "limit", "failed", "cancelled", "running", "preparing", "waiting", "held", "cancelling"];

function countsText(counts, total, words) {
  const told = TOLD.filter((state) => counts.has(state));
  return told
    .map((state, place) => {
      const n = grouped(counts.get(state), 0);
      const parts = { n, total: grouped(total, 0), state: stateWord(words, state) };
      if (place > 0) return fill(words.count, parts);
      return fill(told.length > 1 ? words.count_of : total > 1 ? words.count_all : words.count, parts);
    })
    .join(", ");
}

function fill(text, places) {
  return text.replace(/\{(\w+)\}/g, (all, place) => (Object.hasOwn(places, place) ? places[place] : all));
}

// The form of a text that a language has for a number; see simulations_words.py.
function counted(forms, n) {
  const place = n < forms.of.length ? n : 100 + (n % 100);
  return fill(forms.forms[Number(forms.of[place])], { n: grouped(n, 0) });
}

function duration(seconds) {
  const s = Math.max(0, Math.floor(seconds));
  const two = (n) => String(n).padStart(2, "0");
  if (s < 3600) return `${Math.floor(s / 60)}:${two(s % 60)}`;
  if (s < 86400) return `${Math.floor(s / 3600)}:${two(Math.floor((s % 3600) / 60))}:${two(s % 60)}`;
  return `${Math.floor(s / 86400)} d ${Math.floor((s % 86400) / 3600)} h`;
}

// Making one takes longer than all else that a cell needs.
const FORMATS = [0, 1].map(
  (digits) => new Intl.NumberFormat("en", { minimumFractionDigits: digits, maximumFractionDigits: digits }),
);

function grouped(number, digits) {
  return FORMATS[digits].format(number);
}

function picoseconds(time) {
  const size = Math.abs(time);
  if (size >= 10000) return `${grouped(time / 1000, 1)} ns`;
  if (size >= 1000) return `${grouped(time, 0)} ps`;
  return `${time.toFixed(size >= 10 ? 1 : 2)} ps`;
}

function speed(nsPerDay) {
  if (nsPerDay === null) return "";
  return `${nsPerDay >= 100 ? grouped(nsPerDay, 0) : Number(nsPerDay.toPrecision(3))} ns/day`;
}

function bytes(size) {
  if (size < 1000) return `${size} B`;
  const unit = Math.min(3, Math.floor(Math.log10(size) / 3));
  return `${(size / 1000 ** unit).toFixed(1)} ${["B", "kB", "MB", "GB"][unit]}`;
}
