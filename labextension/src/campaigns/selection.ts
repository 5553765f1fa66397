import type { ILine } from './lines';
import type { IJob, IRun } from './protocol';
import type { INode } from './tree';

/** Which lines are chosen, and on which one keys work. Lines come and go, keys stay. */
export class Selection {
  active = '';

  get size(): number {
    return this._chosen.size;
  }

  has(key: string): boolean {
    return this._chosen.has(key);
  }

  /** Choose those of some lines that are there, and go to the first one; if there is one. */
  chooseOnly(lines: readonly ILine[], keys: ReadonlySet<string>): boolean {
    const [first, ...rest] = lines
      .map(line => line.node.key)
      .filter(key => keys.has(key));
    if (first === undefined) {
      return false;
    }
    this._chosen = new Set([first, ...rest]);
    this.active = this._anchor = first;
    return true;
  }

  /** Choose this line only. */
  choose(key: string): void {
    this._chosen = new Set([key]);
    this.active = this._anchor = key;
  }

  /** Take a line in or out. */
  toggle(key: string): void {
    if (!this._chosen.delete(key)) {
      this._chosen.add(key);
    }
    this.active = this._anchor = key;
  }

  /** Go to a line without choosing it. */
  move(key: string): void {
    this.active = this._anchor = key;
  }

  /** Choose all lines from where the last choice began. */
  extend(lines: readonly ILine[], key: string): void {
    const from = placeOf(lines, this._anchor);
    const to = placeOf(lines, key);
    const chosen = lines.slice(
      Math.min(from < 0 ? to : from, to),
      Math.max(from, to) + 1
    );
    this._chosen = new Set(chosen.map(line => line.node.key));
    this.active = key;
  }

  chooseAll(lines: readonly ILine[]): void {
    this._chosen = new Set(lines.map(line => line.node.key));
  }

  clear(): void {
    this._chosen.clear();
  }

  /**
   * Forget what is shown no more, so that nothing unseen is cancelled. Keys then work on
   * the nearest line that is left, of the chosen ones if there is one.
   *
   * @param before - the lines that were shown until now
   * @returns whether other lines are chosen now
   */
  keep(lines: readonly ILine[], before: readonly ILine[]): boolean {
    const keys = new Set(lines.map(line => line.node.key));
    const kept = new Set([...this._chosen].filter(key => keys.has(key)));
    const isOther = kept.size < this._chosen.size;
    this._chosen = kept;
    if (!keys.has(this.active)) {
      const near = nearest(before, this.active, kept.size > 0 ? kept : keys);
      this.active = near ?? lines[0]?.node.key ?? '';
    }
    if (!keys.has(this._anchor)) {
      this._anchor = this.active;
    }
    return isOther;
  }

  /** The chosen lines: exactly those that are seen as selected. */
  lines(lines: readonly ILine[]): ILine[] {
    return lines.filter(line => this._chosen.has(line.node.key));
  }

  private _chosen = new Set<string>();
  private _anchor = '';
}

export function placeOf(lines: readonly ILine[], key: string): number {
  return lines.findIndex(line => line.node.key === key);
}

/** Below a line that is gone, or else above it. */
function nearest(
  lines: readonly ILine[],
  key: string,
  candidates: ReadonlySet<string>
): string | undefined {
  const place = placeOf(lines, key);
  const keys = lines.map(line => line.node.key);
  for (let step = 1; place >= 0 && step < keys.length; step++) {
    const beside = [keys[place + step], keys[place - step]];
    const found = beside.find(each => each && candidates.has(each));
    if (found) {
      return found;
    }
  }
  return undefined;
}

/** All runs that lines stand for, each once; a job stands for none. */
export function runsOf(lines: readonly ILine[]): IRun[] {
  const below = (node: INode): IRun[] =>
    node.run ? [node.run] : node.children.flatMap(below);
  const runs = lines.flatMap(line => below(line.node));
  return [...new Map(runs.map(run => [run.key, run])).values()];
}

/** All jobs that lines stand for, each once. */
export function jobsOf(lines: readonly ILine[]): IJob[] {
  const jobs = lines.flatMap(line => line.node.jobs);
  return [...new Map(jobs.map(job => [job.id, job])).values()];
}
