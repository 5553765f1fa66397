import type { JupyterFrontEnd } from '@jupyterlab/application';
import { Clipboard, showErrorMessage } from '@jupyterlab/apputils';
import { PageConfig, URLExt } from '@jupyterlab/coreutils';
import type { TranslationBundle } from '@jupyterlab/translation';

import type { Api } from './api';
import { createAttachedNotebook } from './attachNotebook';
import { isConfirmed } from './confirming';
import { notebookInFront } from './front';
import type { IOptions } from './options';
import type { IPlace } from './places';
import { errorText } from './problems';
import type { Action, IJob, IRun, RunAction } from './protocol';
import { tellResults } from './results';
import { canRun, idOfTarget, type Target, type UnderWay } from './underWay';

const GO_TO_FOLDER = 'filebrowser:open-path';

/** What people do with jobs and the places where they work. */
export class Actions {
  constructor(
    private readonly _app: JupyterFrontEnd,
    private readonly _api: Api,
    private readonly _underWay: UnderWay,
    private readonly _trans: TranslationBundle,
    private readonly _options: () => IOptions
  ) {}

  /** Do it to those jobs, and whole runs, to which it can be done. */
  async act(
    action: Action,
    jobs: readonly IJob[],
    runs: readonly IRun[] = []
  ): Promise<void> {
    const able: Target[] = [
      ...this._underWay.without(jobs).filter(job => job.can.includes(action)),
      ...this._underWay.without(runs).filter(run => canRun(run, action))
    ];
    const asks = this._options().confirm && action !== 'release';
    if (able.length === 0) {
      return;
    }
    if (asks && !(await isConfirmed(action, able, this._trans))) {
      return;
    }
    await this._told(this._trans.__('It did not work'), async () => {
      const isRun = (each: Target): boolean => 'key' in each;
      const ids = able.filter(each => !isRun(each)).map(idOfTarget);
      const keys = able.filter(isRun).map(idOfTarget);
      await this._underWay.during(action, able, async () => {
        const results = [
          ...(await this._api.act(action, ids)),
          ...(keys.length > 0
            ? await this._api.actOnRuns(action as RunAction, keys)
            : [])
        ];
        tellResults(results, this._trans);
        return results;
      });
    });
  }

  canBrowse(place: IPlace | null): boolean {
    const isThere = this._hasBrowser || isNotebook7();
    return isThere && place !== null && place.folder !== null;
  }

  async browse({ folder }: IPlace): Promise<void> {
    await this._told(
      this._trans.__('The work folder could not be opened'),
      async () => {
        await this._app.serviceManager.contents.get(folder ?? '', {
          content: false
        });
        await this._goTo(folder ?? '');
      }
    );
  }

  copyPath({ path }: IPlace): void {
    Clipboard.copyToSystem(path);
  }

  async openNotebook({ notebook }: IPlace): Promise<void> {
    await this._told(
      this._trans.__('The notebook could not be opened'),
      async () => {
        await this._app.serviceManager.contents.get(notebook, {
          content: false
        });
        await this._open(notebook);
      }
    );
  }

  async attach(place: IPlace): Promise<void> {
    await this._told(
      this._trans.__('The notebook could not be created'),
      async () => {
        const { contents, kernelspecs } = this._app.serviceManager;
        await kernelspecs.ready;
        const path = await createAttachedNotebook(
          contents,
          kernelspecs.specs,
          place
        );
        await this._open(path);
      }
    );
  }

  private get _hasBrowser(): boolean {
    return this._app.commands.hasCommand(GO_TO_FOLDER);
  }

  /** Pages of Notebook 7 show a notebook or a list of files, never both. */
  private async _goTo(folder: string): Promise<void> {
    if (this._hasBrowser) {
      await this._app.commands.execute(GO_TO_FOLDER, { path: folder });
      return;
    }
    const tree = URLExt.join(PageConfig.getBaseUrl(), 'tree');
    const url = URLExt.join(tree, URLExt.encodeParts(folder));
    window.open(url, '_blank', 'noopener');
  }

  private async _open(path: string): Promise<void> {
    const front = notebookInFront(this._app);
    if (front?.path === path) {
      this._app.shell.activateById(front.id); // Notebook 7 would open it once more
      return;
    }
    await this._app.commands.execute('docmanager:open', {
      path,
      factory: 'Notebook'
    });
  }

  private async _told(title: string, work: () => Promise<void>): Promise<void> {
    try {
      await work();
    } catch (error) {
      await showErrorMessage(title, errorText(error, this._trans));
    }
  }
}

function isNotebook7(): boolean {
  return PageConfig.getOption('notebookPage') !== '';
}
