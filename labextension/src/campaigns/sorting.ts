import { progressOrder } from './progress';
import { turnOf, urgency } from './states';
import { elapsed, timeOf } from './times';
import type { INode } from './tree';

export type SortKey =
  | 'newest'
  | 'name'
  | 'state'
  | 'time'
  | 'progress'
  | 'reason'
  | 'cores'
  | 'where'
  | 'partition'
  | 'engine'
  | 'submitted'
  | 'id';

export interface ISort {
  readonly key: SortKey;
  readonly descending: boolean;
}

/**
 * What runs comes first, then what waits. Among these what was begun last comes first, so that
 * nothing moves while it goes on; only the jobs of a run come in the order of its walkers and
 * their parts, and tasks of an array in that of their numbers.
 */
export const NEWEST: ISort = { key: 'newest', descending: true };

const COLLATOR = new Intl.Collator(undefined, { numeric: true });

/**
 * Sort what lies beside each other, at every level; jobs of other programs stay last.
 *
 * @param why - what the column of that name says
 */
export function sortTree(
  nodes: readonly INode[],
  sort: ISort,
  now: number,
  why: (node: INode) => string = () => ''
): INode[] {
  const direction = sort.descending ? -1 : 1;
  const isUsual = sort.key === 'newest';
  const arrays = isUsual ? begunByArray(nodes) : null;
  return nodes
    .map(node => ({
      node,
      value: arrays?.get(arrayOf(node)) ?? sortValue(node, sort.key, now, why)
    }))
    .sort(
      (a, b) =>
        Number(a.node.level === 'others') - Number(b.node.level === 'others') ||
        (isUsual ? turnOf(a.node.state) - turnOf(b.node.state) : 0) ||
        (isUsual ? comparePlaces(a.node, b.node) : 0) ||
        direction * compare(a.value, b.value) ||
        COLLATOR.compare(a.node.name, b.node.name)
    )
    .map(({ node }) => ({
      ...node,
      children: sortTree(node.children, sort, now, why)
    }));
}

/** What a click on the head of a column leads to: up, down, and back to the newest. */
export function nextSort(current: ISort, key: SortKey): ISort {
  if (current.key !== key) {
    return { key, descending: false };
  }
  return current.descending ? NEWEST : { key, descending: true };
}

/** In a run what belongs together stays together: parts of one walker in their order. */
function comparePlaces(a: INode, b: INode): number {
  const [one, other] = [a, b].map(node =>
    node.level === 'job' ? node.jobs[0] : undefined
  );
  return one?.run && other?.run
    ? COLLATOR.compare(one.walker, other.walker) ||
        COLLATOR.compare(one.part, other.part)
    : 0;
}

/** The number that all tasks of an array begin with; empty for anything else. */
function arrayOf(node: INode): string {
  const id = node.level === 'job' ? (node.jobs[0]?.native_id ?? '') : '';
  return id.includes('_') ? id.slice(0, id.indexOf('_')) : '';
}

/** When the newest task of each array was begun: tasks of one stay together. */
function begunByArray(nodes: readonly INode[]): Map<string, number> {
  const begun = new Map<string, number>();
  for (const node of nodes) {
    const array = arrayOf(node);
    if (array) {
      begun.set(array, Math.max(node.begun, begun.get(array) ?? 0));
    }
  }
  return begun;
}

function compare(a: string | number, b: string | number): number {
  return typeof a === 'number' && typeof b === 'number'
    ? a - b
    : COLLATOR.compare(String(a), String(b));
}

function sortValue(
  node: INode,
  key: SortKey,
  now: number,
  why: (node: INode) => string
): string | number {
  const job = node.jobs[0];
  switch (key) {
    case 'newest':
      return node.begun;
    case 'name':
      return node.name;
    case 'state':
      return urgency(node.state);
    case 'time':
      return elapsed(node, now) ?? -1;
    case 'progress':
      return progressOrder(node);
    case 'cores':
      return node.jobs.reduce((sum, each) => sum + each.cores, 0);
    case 'submitted':
      return timeOf(node.run?.created ?? job?.submitted) || 0;
    case 'reason':
      return why(node);
    case 'where':
      return job?.nodes[0] ?? job?.host ?? '';
    case 'partition':
      return job?.partition ?? '';
    case 'engine':
      return node.run?.engine ?? job?.engine ?? '';
    case 'id':
      return job?.native_id ?? job?.id ?? '';
  }
}
