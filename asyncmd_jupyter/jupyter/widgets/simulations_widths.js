// Columns are as wide as what they say needs, within limits, and never get narrower again.

const FITTED_ROWS = 200;
const PADDING = 14;
const SORT_MARK = 14;

class Widths {
  constructor(words) {
    this.words = words;
    this.known = new Map();
    this.pen = document.createElement("canvas").getContext("2d");
  }

  get(column) {
    return this.known.get(column.key) ?? Math.min(100, column.width);
  }

  least(column) {
    return Math.min(this.get(column), column.least ?? Infinity);
  }

  track(column) {
    const share = column.least ? this.get(column) : column.grow;
    return share ? `minmax(${this.least(column)}px, ${share}fr)` : `${this.get(column)}px`;
  }

  // Whether some column has to be wider than before.
  fit(columns, rows, store, node, sorted) {
    if (!node.isConnected) return false;
    const { fontFamily, fontSize } = getComputedStyle(node);
    let isWider = false;
    for (const column of columns) {
      const head = this.long(this.words.columns[column.key], `600 11px ${fontFamily}`) + (column.key === sorted ? SORT_MARK : 0);
      const shown = this.longest(column, rows, store, `${fontSize} ${fontFamily}`) + (column.beside ?? 0);
      const wanted = Math.ceil(Math.max(head, Math.min(shown, column.width)) + PADDING);
      if (wanted <= (this.known.get(column.key) ?? 0)) continue;
      this.known.set(column.key, wanted);
      isWider = true;
    }
    return isWider;
  }

  longest(column, rows, store, font) {
    let longest = "";
    for (const row of rows) {
      const text = String((column.measured ?? column.shown)(row, store) ?? "");
      if (text.length > longest.length) longest = text;
    }
    return this.long(longest, font);
  }

  long(text, font) {
    this.pen.font = font;
    return this.pen.measureText(text).width;
  }
}
