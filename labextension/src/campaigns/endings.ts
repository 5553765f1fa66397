import type { IRun } from './protocol';
import { isActive } from './states';
import { timeOf } from './times';

/**
 * Runs that have ended since the last look, one that was never seen going on among them
 * if it began after that look.
 *
 * @param lastLook - milliseconds by the clock of the server
 */
export function endings(
  before: ReadonlyMap<string, IRun>,
  now: ReadonlyMap<string, IRun>,
  lastLook: number
): IRun[] {
  return [...now.values()].filter(run => {
    if (isActive(run.state)) {
      return false;
    }
    const old = before.get(run.key);
    return old ? isActive(old.state) : timeOf(run.created) > lastLook;
  });
}

/**
 * Runs that ended while no page looked.
 *
 * @param seen - up to when ends have been seen; nothing is told where that is not known
 */
export function endedSince(
  now: ReadonlyMap<string, IRun>,
  seen: number | null
): IRun[] {
  return seen === null
    ? []
    : [...now.values()].filter(
        run => !isActive(run.state) && timeOf(run.updated) > seen
      );
}
