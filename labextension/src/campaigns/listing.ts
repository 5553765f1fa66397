import type { TranslationBundle } from '@jupyterlab/translation';

import { flatten, parentsOf, type ILine } from './lines';
import { listed, type IListed } from './removed';
import { whyOf } from './reasons';
import { sortTree } from './sorting';
import type { CampaignStore } from './store';
import { buildTree, isFiltering, NO_FILTER, type INode } from './tree';
import type { View } from './view';

/** Which lines are shown: what is known, as somebody wants to see it. */
export class Listing {
  constructor(
    private readonly _store: CampaignStore,
    private readonly _view: View,
    private readonly _trans: TranslationBundle
  ) {}

  /** What there is to be listed now. */
  get listed(): IListed {
    const { others, removed, showsRemoved } = this._view;
    const { jobs, runs } = this._store;
    const wanted = [...jobs.values()].filter(job => job.ours || others);
    return listed(wanted, runs.values(), removed, showsRemoved);
  }

  lines(): ILine[] {
    const sorted = sortTree(
      this._tree(),
      this._view.sort,
      this._store.now,
      node => whyOf(node, this._trans)
    );
    return flatten(sorted, node => this._isOpen(node));
  }

  /** Open what these nodes lie in; a filter that hides all of them is given up. */
  uncover(keys: ReadonlySet<string>): void {
    const { openness, filter } = this._view;
    if (isFiltering(filter) && !hasAny(this._tree(), keys)) {
      this._view.filter = NO_FILTER;
    }
    if (!hasAny(this._tree(), keys) && this.listed.removed > 0) {
      this._view.showsRemoved = true;
    }
    const closed = parentsOf(this._tree(), keys).filter(
      node => !this._isOpen(node)
    );
    closed.forEach(node =>
      openness.toggle(node, isFiltering(this._view.filter))
    );
    if (closed.length > 0) {
      this._view.touch();
    }
  }

  private _isOpen(node: INode): boolean {
    const { openness, filter } = this._view;
    return openness.isOpen(node, isFiltering(filter));
  }

  private _tree(): INode[] {
    const { jobs, runs } = this.listed;
    return buildTree(jobs, runs, this._view.filter);
  }
}

function hasAny(nodes: readonly INode[], keys: ReadonlySet<string>): boolean {
  return nodes.some(node => keys.has(node.key) || hasAny(node.children, keys));
}
