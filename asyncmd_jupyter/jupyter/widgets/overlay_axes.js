// Where things lie in a drawing: its kernel says it in CSS pixels and in the units of the axes.

function valueAt(axes, left) {
  return axes.x[0] + ((left - axes.box[0]) / axes.box[2]) * (axes.x[1] - axes.x[0]);
}

function heightAt(axes, top) {
  return axes.y[0] + ((axes.box[1] + axes.box[3] - top) / axes.box[3]) * (axes.y[1] - axes.y[0]);
}

function leftOf(axes, x) {
  return axes.box[0] + ((x - axes.x[0]) / (axes.x[1] - axes.x[0])) * axes.box[2];
}

function topOf(axes, y) {
  return axes.box[1] + axes.box[3] - ((y - axes.y[0]) / (axes.y[1] - axes.y[0])) * axes.box[3];
}

function isWithin(span, value) {
  return value >= span[0] && value <= span[1];
}

// The axes in which a point lies, or nearly: curves end at the edge.
function axesAt(overlay, { left, top }, room = 8) {
  return overlay.axes.find(
    ({ box }) => left >= box[0] - room && left <= box[0] + box[2] + room && top >= box[1] - room && top <= box[1] + box[3] + room
  );
}

function clamped(value, [low, high]) {
  return Math.min(Math.max(value, low), high);
}

// A range grown or shrunk around a value, or moved; no more than there is.
function scaled([low, high], factor, around, whole) {
  return [Math.max(whole[0], around - (around - low) * factor), Math.min(whole[1], around + (high - around) * factor)];
}

function moved([low, high], by, whole) {
  const shift = Math.min(Math.max(by, whole[0] - low), whole[1] - high);
  return [low + shift, high + shift];
}

// What a kernel is asked to show; null stands for all there is.
function rangeOrAll(range, overlay) {
  const names = Object.keys(overlay.whole);
  const is_all = names.every((name) => range[name][0] <= overlay.whole[name][0] && range[name][1] >= overlay.whole[name][1]);
  return is_all ? null : range;
}

function rangeOf(overlay) {
  const { x, y } = overlay.axes[0];
  return overlay.whole.y ? { x, y } : { x };
}

function zoomedBy(range, overlay, factor, point) {
  const axes = overlay.axes[0];
  const around = { x: valueAt(axes, point.left), y: heightAt(axes, point.top) };
  const next = {};
  for (const name of Object.keys(range)) {
    next[name] = scaled(range[name], factor, clamped(around[name], range[name]), overlay.whole[name]);
  }
  return next;
}

function movedBy(range, overlay, shares) {
  const next = {};
  for (const name of Object.keys(range)) {
    const width = range[name][1] - range[name][0];
    next[name] = moved(range[name], (shares[name] ?? 0) * width, overlay.whole[name]);
  }
  return next;
}

// The range between two points; of a plot over time only the times.
function rangeBetween(overlay, one, other) {
  const axes = axesAt(overlay, one) ?? overlay.axes[0];
  const between = (of, name) => [of(one), of(other)].map((value) => clamped(value, axes[name])).sort((a, b) => a - b);
  const x = between((point) => valueAt(axes, point.left), "x");
  return overlay.whole.y ? { x, y: between((point) => heightAt(axes, point.top), "y") } : { x };
}
