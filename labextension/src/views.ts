import type {
  JupyterFrontEnd,
  JupyterFrontEndPlugin
} from '@jupyterlab/application';
import { ITranslator, nullTranslator } from '@jupyterlab/translation';

import { type INotebook, PageOfViews } from './viewPage';
import { VIEW_MIME, ViewRenderer } from './viewRenderer';

/** Before the widgets' own renderer, and before HTML in notebooks that are not trusted. */
const RANK = -100;

/** Shows views with their last saved state, and says when they have lost their kernel. */
export const views: JupyterFrontEndPlugin<void> = {
  id: 'asyncmd-jupyter:views',
  description: 'Keeps views of runs useful without their kernel.',
  autoStart: true,
  optional: [ITranslator],
  activate
};

function activate(app: JupyterFrontEnd, translator: ITranslator | null): void {
  const trans = (translator ?? nullTranslator).load('asyncmd-jupyter');
  const take = (notebook: INotebook): void => {
    const page = new PageOfViews(notebook);
    notebook.content.rendermime.addFactory(
      {
        safe: true,
        mimeTypes: [VIEW_MIME],
        createRenderer: () => new ViewRenderer(page, trans)
      },
      RANK
    );
  };
  app.docRegistry.addWidgetExtension('Notebook', {
    createNew: panel => take(panel as unknown as INotebook)
  });
  // Kernels ask for this through their widgets: here saved states may be renewed in place.
  document.body.dataset['asyncmdViews'] = 'kept';
}
