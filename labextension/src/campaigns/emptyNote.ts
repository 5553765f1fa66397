import type { TranslationBundle } from '@jupyterlab/translation';
import { Widget } from '@lumino/widgets';

import { element } from './dom';
import type { CampaignStore } from './store';
import { isFiltering, type IFilter } from './tree';

/** What stands where no lines are. */
export class EmptyNote extends Widget {
  constructor(
    private readonly _store: CampaignStore,
    private readonly _trans: TranslationBundle
  ) {
    super();
    this.addClass('asyncmd-empty');
  }

  refresh(isEmpty: boolean, filter: IFilter): void {
    this.setHidden(!isEmpty);
    if (!isEmpty) {
      return;
    }
    if (!this._store.hasNews) {
      this.node.textContent = this._store.problem
        ? ''
        : this._trans.__('Loading…');
    } else if (isFiltering(filter)) {
      this.node.textContent = this._nothing(filter);
    } else {
      this.node.replaceChildren(...this._welcome());
    }
  }

  private _nothing(filter: IFilter): string {
    return isFiltering({ ...filter, notebook: '' })
      ? this._trans.__('Nothing fits the filter.')
      : this._trans.__('This notebook has started no runs yet.');
  }

  private _welcome(): HTMLElement[] {
    return [
      element('p', 'asyncmd-empty-title', this._trans.__('No runs yet')),
      element(
        'p',
        '',
        this._trans.__(
          'Runs that notebooks start with “%asyncmd propagate” appear here, and stay when their kernels are gone.'
        )
      )
    ];
  }
}
