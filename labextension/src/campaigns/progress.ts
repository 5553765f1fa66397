import type { TranslationBundle } from '@jupyterlab/translation';

import type { IRun } from './protocol';
import type { INode } from './tree';

/** How far a run has come: part of its limit, or what is simulated where there is none. */
export function progressText(node: INode): string {
  const part = partDone(node);
  if (part !== null) {
    return `${Math.floor(100 * part + 1e-9)} %`;
  }
  return node.run ? simulatedText(node.run) : '';
}

/** What has no limit comes behind what has one, and what is no run before both. */
export function progressOrder(node: INode): number {
  const part = partDone(node);
  if (part !== null) {
    return part;
  }
  return node.run?.simulated === undefined ? -1 : 2 + node.run.simulated;
}

export function simulatedText({ simulated }: IRun): string {
  if (simulated === undefined) {
    return '';
  }
  const picoseconds = rounded(simulated);
  if (picoseconds < 1000) {
    return `${picoseconds} ps`;
  }
  return picoseconds < 1e6
    ? `${rounded(picoseconds / 1e3)} ns`
    : `${rounded(picoseconds / 1e6)} µs`;
}

/** The speed of a walker, or the sum where several run, which is said. */
export function speedText(
  { speed, speeds = 1 }: IRun,
  trans: TranslationBundle
): string {
  if (typeof speed !== 'number') {
    return '';
  }
  const said = `${rounded(speed)} ns/day`;
  return speeds > 1 ? trans.__('%1 (sum of %2 walkers)', said, speeds) : said;
}

/** From 0 to 1; of a campaign the mean of its runs, if all have a limit. */
function partDone({ level, run, children }: INode): number | null {
  if (level !== 'campaign') {
    return run?.progress ?? null;
  }
  const parts = children
    .filter(child => child.level === 'run')
    .map(child => child.run?.progress);
  const known = parts.filter(part => typeof part === 'number');
  return known.length > 0 && known.length === parts.length
    ? known.reduce((sum, part) => sum + part, 0) / known.length
    : null;
}

function rounded(value: number): number {
  return Number(value.toPrecision(3));
}
