import type { Kind, State } from './states';

const CIRCLE =
  'M8 2a6 6 0 1 0 0 12A6 6 0 0 0 8 2m0 1.5a4.5 4.5 0 1 1 0 9 4.5 4.5 0 0 1 0-9';
const CLOCK = `${CIRCLE}M7.25 5h1.5v3l2 1.4-.85 1.2L7.25 8.7z`;
const CHECK = 'M6.4 12.4 2.3 8.3l1.2-1.2 2.9 2.9 6.1-6.2 1.2 1.2z';
const CROSS =
  'M8 6.8 4.6 3.4 3.4 4.6 6.8 8l-3.4 3.4 1.2 1.2L8 9.2l3.4 3.4 1.2-1.2L9.2 8l3.4-3.4-1.2-1.2z';
export const BROKEN_LINK =
  'M6.8 4.5H5a3.5 3.5 0 0 0 0 7h1.8V10H5a2 2 0 0 1 0-4h1.8zM9.2 4.5H11a3.5 3.5 0 0 1 0 7H9.2V10H11a2 2 0 0 0 0-4H9.2zM7.4 1.2h1.2v2.3H7.4zM7.4 12.5h1.2v2.3H7.4z';

/** Paths in a square of 16, the same shapes as in the views of notebooks. */
const SHAPES: Record<State | Kind, string> = {
  running: 'M4.5 3v10L13 8z',
  preparing: CIRCLE,
  pending: CLOCK,
  waiting: CLOCK,
  interrupted: BROKEN_LINK,
  held: 'M4 3h3v10H4zM9 3h3v10H9z',
  reached:
    'M8 1.5l2 4.3 4.6.6-3.4 3.2.9 4.6L8 11.9l-4.1 2.3.9-4.6L1.4 6.4 6 5.8z',
  done: CHECK,
  ended: CHECK,
  limit: 'M3.5 3.5h9v9h-9z',
  failed: CROSS,
  lost: `${CIRCLE}M7.2 4.8h1.6v4H7.2zM7.2 9.8h1.6v1.6H7.2z`,
  cancelled:
    'M8 2a6 6 0 1 0 0 12A6 6 0 0 0 8 2m0 1.5c1 0 1.9.3 2.7.9l-6.3 6.3A4.5 4.5 0 0 1 8 3.5m0 9c-1 0-1.9-.3-2.7-.9l6.3-6.3A4.5 4.5 0 0 1 8 12.5'
};
const SVG = 'http://www.w3.org/2000/svg';

/** The picture of a state; the word beside it says the same. */
export function stateIcon(state: State | Kind): SVGElement {
  const svg = picture();
  svg.setAttribute('aria-hidden', 'true');
  setStateIcon(svg, state);
  return svg;
}

/** Tells at a run that goes on that nobody looks after it. */
export function loneIcon(label: string): SVGElement {
  const svg = picture();
  svg.classList.add('asyncmd-lone');
  svg.setAttribute('role', 'img');
  svg.setAttribute('aria-label', label);
  svg.firstElementChild?.setAttribute('d', BROKEN_LINK);
  return svg;
}

export function setStateIcon(svg: SVGElement, state: State | Kind): void {
  svg.classList.add('asyncmd-stateIcon');
  svg.dataset['state'] = state;
  const shape = Object.hasOwn(SHAPES, state) ? SHAPES[state] : CIRCLE;
  svg.firstElementChild?.setAttribute('d', shape);
}

function picture(): SVGElement {
  const svg = document.createElementNS(SVG, 'svg');
  svg.setAttribute('viewBox', '0 0 16 16');
  const path = document.createElementNS(SVG, 'path');
  path.setAttribute('fill-rule', 'evenodd');
  svg.append(path);
  return svg;
}
