import type { ILine } from './lines';

/** Where the work of some lines is, and who started it. */
export interface IPlace {
  /** Relative to the server's root, if it lies below. */
  readonly folder: string | null;
  readonly path: string;
  readonly notebook: string;
  readonly title: string;
}

/** The place of the first line that has one: a campaign is where its first run is. */
export function placeFor(lines: readonly ILine[]): IPlace | null {
  for (const { node } of lines) {
    const run = node.run ?? node.children.find(child => child.run)?.run;
    const found = run ?? node.jobs[0];
    if (found) {
      const { folder, path, notebook } = found;
      return { folder, path, notebook, title: node.name || found.name };
    }
  }
  return null;
}
