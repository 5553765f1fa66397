import type { ISignal } from '@lumino/signaling';

import type { Feed } from './feed';

/** What may be in sight. */
export interface ISeen {
  readonly isVisible: boolean;
  readonly visibilityChanged: ISignal<unknown, void>;
}

/**
 * Let a feed work while the page is in sight, and one of some widgets or somebody who wants
 * to be told; else it sleeps.
 *
 * @returns what looks again
 */
export function wakeWhileSeen(
  feed: Feed,
  widgets: readonly ISeen[],
  isToldOf: () => boolean
): () => void {
  const look = (): void => {
    const isOfUse = isToldOf() || widgets.some(each => each.isVisible);
    feed.isAwake = isOfUse && !document.hidden;
  };
  document.addEventListener('visibilitychange', look);
  widgets.forEach(each => each.visibilityChanged.connect(look));
  look();
  return look;
}
