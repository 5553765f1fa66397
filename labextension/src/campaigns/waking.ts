import type { ISignal } from '@lumino/signaling';

import type { Feed } from './feed';

/** What may be in sight. */
export interface ISeen {
  readonly isVisible: boolean;
  readonly visibilityChanged: ISignal<unknown, void>;
}

/** Let a feed work while the page and one of some widgets are in sight, and sleep else. */
export function wakeWhileSeen(feed: Feed, widgets: readonly ISeen[]): void {
  const look = (): void => {
    feed.isAwake = !document.hidden && widgets.some(each => each.isVisible);
  };
  document.addEventListener('visibilitychange', look);
  widgets.forEach(each => each.visibilityChanged.connect(look));
  look();
}
