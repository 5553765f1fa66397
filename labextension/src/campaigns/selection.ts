import type { ILine } from './lines';
import type { IJob } from './protocol';

/** Which lines are chosen, and on which one keys work. Lines come and go, keys stay. */
export class Selection {
  active = '';

  get size(): number {
    return this._chosen.size;
  }

  has(key: string): boolean {
    return this._chosen.has(key);
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

  /** Forget what is shown no more, so that nothing unseen is cancelled. */
  keep(lines: readonly ILine[]): void {
    const keys = new Set(lines.map(line => line.node.key));
    this._chosen = new Set([...this._chosen].filter(key => keys.has(key)));
    if (!keys.has(this.active)) {
      this.active = lines[0]?.node.key ?? '';
    }
  }

  /** The chosen lines, else the one on which keys work. */
  lines(lines: readonly ILine[]): ILine[] {
    return this._chosen.size > 0
      ? lines.filter(line => this._chosen.has(line.node.key))
      : lines.filter(line => line.node.key === this.active);
  }

  private _chosen = new Set<string>();
  private _anchor = '';
}

export function placeOf(lines: readonly ILine[], key: string): number {
  return lines.findIndex(line => line.node.key === key);
}

/** All jobs that lines stand for, each once. */
export function jobsOf(lines: readonly ILine[]): IJob[] {
  const jobs = lines.flatMap(line => line.node.jobs);
  return [...new Map(jobs.map(job => [job.id, job])).values()];
}
