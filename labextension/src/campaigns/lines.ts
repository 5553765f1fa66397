import { shownNames, type IShownName } from './names';
import type { INode } from './tree';

/** A node with its place among those that are shown. */
export interface ILine {
  readonly node: INode;
  /** From 1. */
  readonly depth: number;
  /** Null where there is nothing to open. */
  readonly isOpen: boolean | null;
  readonly position: number;
  readonly siblings: number;
  readonly shown: IShownName;
}

/** Which groups are open: campaigns are until closed, runs are when something is sought. */
export class Openness {
  constructor(keys: readonly string[] = []) {
    this._toggled = new Set(keys);
  }

  get keys(): string[] {
    return [...this._toggled];
  }

  isOpen(node: INode, isFiltering: boolean): boolean {
    const isUsuallyOpen = node.level !== 'run' || isFiltering;
    return isUsuallyOpen !== this._toggled.has(this._name(node, isFiltering));
  }

  toggle(node: INode, isFiltering: boolean): void {
    const name = this._name(node, isFiltering);
    if (!this._toggled.delete(name)) {
      this._toggled.add(name);
    }
  }

  /** What is closed among results of a search is open again in the next one. */
  forgetSearch(): void {
    for (const key of this._toggled) {
      if (key.startsWith(SOUGHT)) {
        this._toggled.delete(key);
      }
    }
  }

  private _name(node: INode, isFiltering: boolean): string {
    return isFiltering && node.level === 'run' ? SOUGHT + node.key : node.key;
  }

  private _toggled: Set<string>;
}

const SOUGHT = '?';

/** The lines that are shown, from the top. */
export function flatten(
  nodes: readonly INode[],
  isOpen: (node: INode) => boolean,
  depth = 1
): ILine[] {
  const names = shownNames(nodes);
  return nodes.flatMap((node, index) => {
    const open = node.children.length > 0 ? isOpen(node) : null;
    const line = {
      node,
      depth,
      isOpen: open,
      position: index + 1,
      siblings: nodes.length,
      shown: names[index] ?? { cut: node.name.length, where: '' }
    };
    return open ? [line, ...flatten(node.children, isOpen, depth + 1)] : [line];
  });
}

/** All nodes that some nodes lie in. */
export function parentsOf(
  nodes: readonly INode[],
  keys: ReadonlySet<string>
): INode[] {
  return nodes.flatMap(node => {
    const below = parentsOf(node.children, keys);
    const isParent = node.children.some(child => keys.has(child.key));
    return isParent || below.length > 0 ? [node, ...below] : [];
  });
}
