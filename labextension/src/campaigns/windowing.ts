export interface IWindow {
  /** The first line that is drawn, and the one behind the last. */
  readonly from: number;
  readonly to: number;
}

const MARGIN = 8;

/** Which of many lines of equal height have to be drawn. */
export function windowOf(
  scrollTop: number,
  height: number,
  lineHeight: number,
  count: number
): IWindow {
  const first = Math.floor(scrollTop / lineHeight) - MARGIN;
  const behind = Math.ceil((scrollTop + height) / lineHeight) + MARGIN;
  const from = Math.min(Math.max(0, first), count);
  return { from, to: Math.max(from, Math.min(count, behind)) };
}

/** Where to scroll to so that a line is seen as a whole, moving as little as possible. */
export function scrollFor(
  place: number,
  scrollTop: number,
  height: number,
  lineHeight: number
): number {
  const top = place * lineHeight;
  return top < scrollTop ? top : Math.max(scrollTop, top + lineHeight - height);
}
