import type { ILine } from './lines';

/** What an arrow key means in a tree: another line, or opening and closing this one. */
export type Move = { readonly to: number } | { readonly toggle: number } | null;

export function moveFor(
  key: string,
  lines: readonly ILine[],
  from: number,
  page: number
): Move {
  const last = lines.length - 1;
  const line = lines[from];
  const to = (place: number): Move => ({
    to: Math.min(last, Math.max(0, place))
  });
  if (last < 0) {
    return null;
  }
  switch (key) {
    case 'ArrowDown':
      return to(from + 1);
    case 'ArrowUp':
      return to(from - 1);
    case 'PageDown':
      return to(from + page);
    case 'PageUp':
      return to(from - page);
    case 'Home':
      return to(0);
    case 'End':
      return to(last);
    case 'ArrowRight':
      return line?.isOpen === false
        ? { toggle: from }
        : to(line?.isOpen ? from + 1 : from);
    case 'ArrowLeft':
      return line?.isOpen ? { toggle: from } : to(parentOf(lines, from));
    default:
      return null;
  }
}

function parentOf(lines: readonly ILine[], place: number): number {
  const depth = lines[place]?.depth ?? 1;
  for (let above = place - 1; above >= 0; above--) {
    if ((lines[above]?.depth ?? 0) < depth) {
      return above;
    }
  }
  return place;
}
