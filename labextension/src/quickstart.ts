import type {
  JupyterFrontEnd,
  JupyterFrontEndPlugin
} from '@jupyterlab/application';
import { ICommandPalette, showErrorMessage } from '@jupyterlab/apputils';
import { IDefaultFileBrowser } from '@jupyterlab/filebrowser';
import { ILauncher } from '@jupyterlab/launcher';
import { ITranslator, nullTranslator } from '@jupyterlab/translation';

import { asyncmdIcon } from './icon';
import { createNotebook } from './notebook';

const COMMAND = 'asyncmd:new-quickstart';

/** A palette command and a launcher card that open a fresh quickstart notebook. */
export const quickstart: JupyterFrontEndPlugin<void> = {
  id: 'asyncmd-jupyter:quickstart',
  description: 'Creates and opens a copy of the quickstart notebook.',
  autoStart: true,
  optional: [ITranslator, IDefaultFileBrowser, ICommandPalette, ILauncher],
  activate
};

function activate(
  app: JupyterFrontEnd,
  translator: ITranslator | null,
  browser: IDefaultFileBrowser | null,
  palette: ICommandPalette | null,
  launcher: ILauncher | null
): void {
  const trans = (translator ?? nullTranslator).load('asyncmd-jupyter');

  app.commands.addCommand(COMMAND, {
    label: args =>
      args.isLauncher
        ? trans.__('Quickstart')
        : trans.__('asyncmd: New quickstart notebook'),
    caption: trans.__(
      'Create and open a notebook in which a molecule moves until a condition holds'
    ),
    icon: asyncmdIcon,
    execute: async args => {
      try {
        await openQuickstart(app, folderFor(args.cwd, browser));
      } catch (error) {
        await showErrorMessage(
          trans.__('The quickstart notebook could not be created'),
          error instanceof Error ? error : String(error)
        );
      }
    }
  });

  palette?.addItem({ command: COMMAND, category: 'asyncmd' });
  launcher?.add({
    command: COMMAND,
    args: { isLauncher: true },
    category: 'asyncmd'
  });
}

function folderFor(cwd: unknown, browser: IDefaultFileBrowser | null): string {
  return typeof cwd === 'string' ? cwd : (browser?.model.path ?? '');
}

async function openQuickstart(
  app: JupyterFrontEnd,
  folder: string
): Promise<void> {
  const { default: content } = await import('./quickstart.json');
  const contents = app.serviceManager.contents;
  const path = await createNotebook(
    contents,
    folder,
    'asyncmd-quickstart',
    'quickstart.ipynb',
    content
  );
  await app.commands.execute('docmanager:open', { path, factory: 'Notebook' });
}
