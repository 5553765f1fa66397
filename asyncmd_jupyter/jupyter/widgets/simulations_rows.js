// The simulations that the page knows, and which of them are shown in what order.

const LONGEST_NAME = 22;

class Store {
  constructor(fields, words) {
    this.words = words;
    this.fields = fields;
    this.at = Object.fromEntries(fields.map((name, place) => [name, place]));
    this.rows = new Map();
    this.clockAhead = 0;
    this.collator = new Intl.Collator(undefined, { numeric: true });
  }

  reset(message) {
    this.rows.clear();
    this.clockAhead = message.now - Date.now() / 1000;
  }

  // Take in rows that come column by column; returns those that were there with another state.
  put({ numbers, columns }) {
    const unpacked = columns.map((c) => c.values ?? c.places.map((place) => c.words[place]));
    const met = [];
    numbers.forEach((number, i) => {
      const before = this.rows.get(number);
      const row = { number, known: performance.now() };
      this.fields.forEach((name, place) => (row[name] = unpacked[place][i]));
      this.rows.set(number, row);
      if (before && before.state !== row.state) met.push(row);
    });
    return met;
  }

  // Returns the rows that are in another state now, and the names of all fields that changed.
  change(changes) {
    const met = [];
    const names = new Set();
    for (const [number, ...parts] of changes) {
      const row = this.rows.get(number);
      if (!row) continue;
      const { state } = row;
      for (let i = 0; i < parts.length; i += 2) {
        const name = this.fields[parts[i]];
        names.add(name);
        row[name] = parts[i + 1];
      }
      row.known = performance.now();
      row.searched = undefined;
      if (row.state !== state) met.push(row);
    }
    return { met, names };
  }

  forget(numbers) {
    for (const number of numbers) this.rows.delete(number);
  }

  name(row) {
    return fill(this.words.walker, { run: row.run, walker: row.walker });
  }

  ofWholeRuns(rows) {
    const runs = new Set(rows.map((row) => row.run));
    return [...this.rows.values()].filter((row) => runs.has(row.run));
  }

  state(row) {
    return stateWord(this.words, row.state);
  }

  elapsed(row) {
    if (row.started === null) return null;
    if (row.ended === null && RESTING.has(row.state)) return null;
    return Math.max(0, (row.ended ?? Date.now() / 1000 + this.clockAhead) - row.started);
  }

  left(row) {
    if (row.state !== "running" || !row.speed || row.limit === null) return null;
    const whole = ((row.limit - row.done) / 1000 / row.speed) * 86400;
    return Math.max(0, whole - (performance.now() - row.known) / 1000);
  }

  done(row) {
    const done = picoseconds(row.done);
    return row.limit ? fill(this.words.of, { done, limit: picoseconds(row.limit) }) : done;
  }

  values(row, named = shortened) {
    let place = 0;
    const said = [];
    for (const [name, conditions] of row.aims) {
      const value = row.values[place++] ?? null;
      if (conditions === null) {
        if (value !== null) said.push(`${named(name)}: ${this.verdict(value, row.state)}`);
        continue;
      }
      const gaps = conditions.map((state) => this.gap(named(state), row.values[place++]));
      if (value === null) continue;
      said.push(gaps.length ? `${name} ${value} (${gaps.join(", ")})` : `${name} ${value}`);
    }
    return said.join("; ");
  }

  verdict(value, state) {
    if (value) return this.words.holds;
    return ENDED.has(state) ? this.words.held_not : this.words.holds_not;
  }

  gap(state, distance) {
    return distance === 0 ? fill(this.words.inside, { state }) : fill(this.words.away, { distance, state });
  }

  // The distance from the nearest state, to sort by.
  nearest(row) {
    let place = 0;
    let least = null;
    for (const [, conditions] of row.aims) {
      place++;
      for (let i = 0; i < (conditions?.length ?? 0); i++) {
        const gap = row.values[place++] ?? null;
        if (gap !== null && (least === null || gap < least)) least = gap;
      }
    }
    return least;
  }

  fits(row, filter) {
    if (filter.states.size && !filter.states.has(row.state)) return false;
    if (!filter.text) return true;
    row.searched ??= [row.run, row.walker, row.campaign, row.engine, this.state(row), row.note, row.job, row.native]
      .concat(row.reason, row.nodes, row.trouble)
      .join("\n")
      .toLowerCase();
    return row.searched.includes(filter.text);
  }

  counts() {
    const counts = new Map();
    for (const row of this.rows.values()) counts.set(row.state, (counts.get(row.state) ?? 0) + 1);
    return counts;
  }

  // Whether other values of some fields can mean other lines or another order of them.
  matters(names, { filter, sort, group }) {
    const sorted = COLUMNS.find((c) => c.key === sort.column);
    const looked = [filter.text && "reason", group, ...(sorted?.needs ?? [sort.column])];
    return names.has("state") || looked.some((name) => names.has(name));
  }

  // The lines of the grid: rows, below heads of groups where they are grouped.
  lines({ filter, sort, group, collapsed }) {
    const rows = [...this.rows.values()].filter((row) => this.fits(row, filter));
    this.sort(rows, sort);
    if (!group) return rows.map((row) => ({ row }));
    const groups = new Map();
    for (const row of rows) {
      if (!groups.has(row[group])) groups.set(row[group], []);
      groups.get(row[group]).push(row);
    }
    return [...groups].flatMap(([key, members]) => {
      const head = { group: key, members };
      return collapsed.has(key) ? [head] : [head, ...members.map((row) => ({ row }))];
    });
  }

  sort(rows, { column, falling }) {
    const key = COLUMNS.find((c) => c.key === column)?.sorted;
    if (!key) return rows.sort((a, b) => turn(a) - turn(b) || a.number - b.number);
    const keys = new Map(rows.map((row) => [row, key(row, this)]));
    const sign = falling ? -1 : 1;
    return rows.sort((a, b) => this.compare(keys.get(a), keys.get(b), sign) || a.number - b.number);
  }

  // What is not known comes last, whatever the direction.
  compare(a, b, sign) {
    if (a === b) return 0;
    if (a === null || a === "") return 1;
    if (b === null || b === "") return -1;
    return sign * (typeof a === "number" ? a - b : this.collator.compare(a, b));
  }
}

const text = (field) => ({ shown: (row) => String(row[field]), sorted: (row) => row[field] });
// Those with `grow` share the room that is left. By default a column that is an `extra` is
// hidden, one that is `telling` where it says the same in all rows.
const COLUMNS = [
  { key: "run", width: 240, least: 110, shown: named, sorted: named },
  { key: "walker", width: 62, right: true, extra: true, ...text("walker") },
  { key: "campaign", width: 100, telling: true, ...text("campaign") },
  {
    key: "state",
    width: 220,
    beside: 34,
    grow: 1,
    shown: (row, store) => store.state(row),
    measured: stateWithNote,
    sorted: stateOrder,
  },
  { key: "done", width: 220, beside: 32, shown: (row, store) => store.done(row), sorted: (row) => row.done },
  {
    key: "values",
    width: 300,
    least: 120,
    needs: ["values"],
    shown: (row, store) => store.values(row),
    sorted: (row, store) => store.nearest(row),
  },
  { key: "reason", width: 300, least: 142, needs: ["reason", "note", "trouble"], shown: reason, sorted: reason },
  {
    key: "elapsed",
    width: 62,
    right: true,
    ticks: true,
    needs: ["started", "ended"],
    shown: (row, store) => timed(store.elapsed(row)),
    sorted: (row, store) => store.elapsed(row),
  },
  {
    key: "left",
    width: 68,
    right: true,
    ticks: true,
    needs: ["done", "speed"],
    shown: (row, store) => timed(store.left(row)),
    sorted: (row, store) => store.left(row),
  },
  {
    key: "speed",
    width: 100,
    right: true,
    extra: true,
    shown: (row) => speed(row.speed),
    sorted: (row) => row.speed,
  },
  { key: "engine", width: 90, telling: true, ...text("engine") },
  { key: "parts", width: 56, right: true, extra: true, ...text("parts") },
  { key: "nodes", width: 100, telling: true, ...text("nodes") },
  { key: "job", width: 130, extra: true, ...text("job") },
  { key: "native", width: 90, extra: true, ...text("native") },
];

// The columns to hide as long as nobody has chosen any.
function hiddenAtFirst(rows) {
  const saysTheSame = ({ key }) => new Set(rows.map((row) => row[key]).filter(Boolean)).size < 2;
  return COLUMNS.filter((c) => c.extra || (c.telling && saysTheSame(c))).map((c) => c.key);
}

function named(row) {
  return `${row.run}/${row.walker}`;
}

// What runs comes before what waits, and that before what has ended; else rows stay in their order.
function turn(row) {
  if (ENDED.has(row.state)) return 2;
  return row.state === "running" || row.state === "preparing" || row.state === "cancelling" ? 0 : 1;
}

// Which state was reached has to be read; an error has a column of its own.
function stateWithNote(row, store) {
  return row.state === "reached" && row.note ? `${store.state(row)} ${row.note}` : store.state(row);
}

function stateOrder(row) {
  return STATES.indexOf(row.state);
}

function reason(row) {
  if (row.trouble) return row.trouble;
  const error = row.state === "failed" ? row.note : "";
  return error.includes(row.reason) ? error : [row.reason, error].filter(Boolean).join(" – ");
}

function shortened(name) {
  return name.length > LONGEST_NAME ? `${name.slice(0, LONGEST_NAME - 1)}…` : name;
}

function timed(seconds) {
  return seconds === null ? "" : duration(seconds);
}
