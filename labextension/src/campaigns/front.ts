import type { JupyterFrontEnd } from '@jupyterlab/application';

export interface INotebookInFront {
  readonly id: string;
  readonly path: string;
}

/** The notebook in front; the package that declares its panel is many times larger. */
export function notebookInFront(app: JupyterFrontEnd): INotebookInFront | null {
  const widget = app.shell.currentWidget as {
    id: string;
    context?: { path: string };
  } | null;
  const path = widget?.context?.path ?? '';
  return widget && path.endsWith('.ipynb') ? { id: widget.id, path } : null;
}
