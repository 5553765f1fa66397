import type { INode } from './tree';

/** How a name is shown where it does not fit: its end stays, its beginning is cut. */
export interface IShownName {
  /** Where the part begins that tells it from the names beside it. */
  readonly cut: number;
  /** In which folder it is, where another line beside it has the same name. */
  readonly where: string;
}

const SHORTEST = 12;
const KEPT = 8;
const LEAST_PREFIX = 4;

/** Of lines beside each other. */
export function shownNames(nodes: readonly INode[]): IShownName[] {
  const prefixes = prefixesOf(nodes.map(node => node.name));
  const twice = namesTwice(nodes);
  const folders = shortestApart(
    nodes.map(node => (twice.has(node.name) ? pathOf(node) : ''))
  );
  return nodes.map((node, place) => ({
    cut: cutOf(node.name, prefixes.get(beginOf(node.name)) ?? 0),
    where: folders[place] ?? ''
  }));
}

/** Where its work is, as far as it is in one place. */
export function pathOf(node: INode): string {
  return node.run?.path ?? node.jobs[0]?.path ?? '';
}

function cutOf(name: string, prefix: number): number {
  if (name.length <= SHORTEST) {
    return name.length;
  }
  return prefix >= LEAST_PREFIX && prefix < name.length
    ? prefix
    : name.length - KEPT;
}

/** Of the names that begin alike, by their first letters. */
function prefixesOf(names: readonly string[]): Map<string, number> {
  const groups = new Map<string, string[]>();
  for (const name of names) {
    const group = groups.get(beginOf(name));
    if (group) {
      group.push(name);
    } else {
      groups.set(beginOf(name), [name]);
    }
  }
  return new Map(
    [...groups].map(([begin, group]) => [begin, commonPrefix(group)])
  );
}

function beginOf(name: string): string {
  return name.slice(0, LEAST_PREFIX);
}

/** Up to a sign between words, so that no number is torn. */
function commonPrefix(names: readonly string[]): number {
  const [first = '', ...others] = names;
  let length = others.length > 0 ? first.length : 0;
  for (const name of others) {
    let same = 0;
    while (same < length && name[same] === first[same]) {
      same += 1;
    }
    length = same;
  }
  while (length > 0 && !/[-_./ ]/.test(first[length - 1] ?? '')) {
    length -= 1;
  }
  return length;
}

function namesTwice(nodes: readonly INode[]): Set<string> {
  const seen = new Set<string>();
  const twice = new Set<string>();
  for (const { name, level } of nodes) {
    if (level === 'run' && seen.has(name)) {
      twice.add(name);
    }
    seen.add(name);
  }
  return twice;
}

/** The folders without what all begin and end with; empty ones stay empty. */
function shortestApart(paths: readonly string[]): string[] {
  const parts = paths.map(path => path.split('/').filter(Boolean));
  const known = parts.filter(each => each.length > 0);
  const [first] = known;
  if (!first) {
    return paths.map(() => '');
  }
  const isSame = (
    at: (each: readonly string[]) => string | undefined
  ): boolean => known.every(each => at(each) === at(first));
  let begin = 0;
  while (begin < first.length - 1 && isSame(each => each[begin])) {
    begin += 1;
  }
  let end = 0;
  while (
    known.every(each => end < each.length - begin - 1) &&
    isSame(each => each[each.length - 1 - end])
  ) {
    end += 1;
  }
  return parts.map(each => each.slice(begin, each.length - end).join('/'));
}
