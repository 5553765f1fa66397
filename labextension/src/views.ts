import type {
  JupyterFrontEnd,
  JupyterFrontEndPlugin
} from '@jupyterlab/application';
import { INotebookTracker, type NotebookPanel } from '@jupyterlab/notebook';
import { ITranslator, nullTranslator } from '@jupyterlab/translation';

import { PageOfViews } from './viewPage';
import { VIEW_MIME, ViewRenderer } from './viewRenderer';

/** Before the widgets' own renderer, and before HTML in notebooks that are not trusted. */
const RANK = -100;

/** Shows views with their last saved state, and says when they have lost their kernel. */
export const views: JupyterFrontEndPlugin<void> = {
  id: 'asyncmd-jupyter:views',
  description: 'Keeps views of runs useful without their kernel.',
  autoStart: true,
  requires: [INotebookTracker],
  optional: [ITranslator],
  activate
};

function activate(
  _app: JupyterFrontEnd,
  tracker: INotebookTracker,
  translator: ITranslator | null
): void {
  const trans = (translator ?? nullTranslator).load('asyncmd-jupyter');
  const take = (panel: NotebookPanel): void => {
    const page = new PageOfViews(panel);
    panel.content.rendermime.addFactory(
      {
        safe: true,
        mimeTypes: [VIEW_MIME],
        createRenderer: () => new ViewRenderer(page, trans)
      },
      RANK
    );
  };
  tracker.forEach(take);
  tracker.widgetAdded.connect((_, panel) => take(panel));
  // Kernels ask for this through their widgets: here saved states may be renewed in place.
  document.body.dataset['asyncmdViews'] = 'kept';
}
