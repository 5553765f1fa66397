import type { JupyterFrontEnd } from '@jupyterlab/application';
import type { TranslationBundle } from '@jupyterlab/translation';

import { asyncmdIcon } from '../icon';
import type { Actions } from './actions';
import { Command } from './commandIds';
import type { Feed } from './feed';
import { notebookInFront } from './front';
import { whyNoLog } from './logs';
import { PANEL_ID, type CampaignPanel } from './panel';
import { placeFor, type IPlace } from './places';
import type { Action } from './protocol';
import { removable } from './removed';
import type { CampaignStore } from './store';
import { NO_FILTER } from './tree';
import { canRun, type Target, type UnderWay } from './underWay';
import type { View } from './view';

export interface ICommandParts {
  readonly app: JupyterFrontEnd;
  readonly panel: CampaignPanel;
  readonly store: CampaignStore;
  readonly view: View;
  readonly feed: Feed;
  readonly actions: Actions;
  readonly underWay: UnderWay;
  readonly trans: TranslationBundle;
}

/** Everything that can be done, for palette, menus, buttons, shortcuts and others. */
export function addCommands(parts: ICommandParts): void {
  addForPanel(parts);
  addForJobs(parts);
  addForPlaces(parts);
  addForList(parts);
  const { app, panel, view, underWay } = parts;
  const tell = (): void => app.commands.notifyCommandChanged();
  panel.selectionChanged.connect(tell);
  underWay.changed.connect(tell);
  app.shell.currentChanged?.connect(() =>
    app.commands.notifyCommandChanged(Command.ofNotebook)
  );
  view.changed.connect(() =>
    [Command.others, Command.remove, Command.putBack].forEach(id =>
      app.commands.notifyCommandChanged(id)
    )
  );
}

function addForPanel(parts: ICommandParts): void {
  const { app, panel, store, view, feed, trans } = parts;
  const show = (): void => app.shell.activateById(PANEL_ID);
  app.commands.addCommand(Command.show, {
    label: args =>
      args.isLauncher
        ? trans.__('MD campaigns')
        : trans.__('asyncmd: Show MD campaigns'),
    caption: trans.__('Runs and jobs of all notebooks, with or without kernel'),
    icon: asyncmdIcon,
    execute: show
  });
  app.commands.addCommand(Command.others, {
    label: args =>
      args.isShort
        ? trans.__('Show other jobs in the queue')
        : trans.__('asyncmd: Show other jobs in the queue'),
    caption: trans.__('Also jobs that asyncmd-jupyter has not started'),
    isToggleable: true,
    isToggled: () => view.others,
    isVisible: () => store.hasOthers || view.others,
    isEnabled: () => store.hasOthers || view.others,
    execute: () => {
      view.others = !view.others;
      feed.restart();
    }
  });
  app.commands.addCommand(Command.ofNotebook, {
    label: trans.__('asyncmd: Show runs of this notebook'),
    caption: trans.__('Show the runs that this notebook has started'),
    icon: asyncmdIcon,
    isEnabled: () => notebookInFront(app) !== null,
    execute: () => {
      view.filter = {
        ...NO_FILTER,
        notebook: notebookInFront(app)?.path ?? ''
      };
      show();
    }
  });
  app.commands.addCommand(Command.reconnect, {
    label: trans.__('asyncmd: Ask the server for jobs again'),
    execute: () => feed.restart()
  });
  app.commands.addCommand(Command.log, {
    label: trans.__('Show what it wrote'),
    caption: () =>
      whyNoLog(panel.chosen, trans) || trans.__('Show what it wrote'),
    isEnabled: () => whyNoLog(panel.chosen, trans) === '',
    execute: () => panel.showLog()
  });
}

function addForJobs(parts: ICommandParts): void {
  const { app, panel, actions, underWay, trans } = parts;
  const add = (
    id: string,
    action: Action,
    label: string,
    short: string
  ): void => {
    const able = (): Target[] => [
      ...panel.chosenJobs.filter(job => job.can.includes(action)),
      ...panel.chosenRuns.filter(run => canRun(run, action))
    ];
    app.commands.addCommand(id, {
      label: args => (args.isShort ? short : label),
      caption: label,
      isEnabled: () => underWay.without(able()).length > 0,
      isVisible: () => able().length > 0,
      execute: () => actions.act(action, panel.chosenJobs, panel.chosenRuns)
    });
  };
  add(Command.cancel, 'cancel', trans.__('Cancel jobs…'), trans.__('Cancel'));
  add(Command.hold, 'hold', trans.__('Hold runs or jobs…'), trans.__('Hold'));
  add(
    Command.release,
    'release',
    trans.__('Release held runs or jobs'),
    trans.__('Release')
  );
  add(
    Command.requeue,
    'requeue',
    trans.__('Put jobs back into the queue…'),
    trans.__('Requeue')
  );
}

/** The list only: files and jobs stay as they are. */
function addForList(parts: ICommandParts): void {
  const { app, panel, store, view, trans } = parts;
  const keys = (isOff: boolean): string[] =>
    removable(panel.chosen.map(line => line.node)).filter(
      key => key in view.removed === isOff
    );
  app.commands.addCommand(Command.remove, {
    label: args =>
      args.isShort ? trans.__('Remove') : trans.__('Remove from this list'),
    caption: trans.__(
      'Take what has ended off this list; its files stay, and “Show removed” brings it back'
    ),
    isEnabled: () => keys(false).length > 0,
    isVisible: () => keys(false).length > 0,
    execute: () => view.remove(keys(false), store.now)
  });
  app.commands.addCommand(Command.putBack, {
    label: args =>
      args.isShort ? trans.__('Put back') : trans.__('Put back on this list'),
    isEnabled: () => keys(true).length > 0,
    isVisible: () => keys(true).length > 0,
    execute: () => view.putBack(keys(true))
  });
}

function addForPlaces(parts: ICommandParts): void {
  const { app, panel, store, actions, trans } = parts;
  const place = (): IPlace | null => placeFor(panel.chosen, store.runs);
  const outside = (): string =>
    trans.__(
      'The work folder lies outside of the folder that this server shows'
    );
  const whyNotAttached = (here: IPlace): string =>
    here.ours ? outside() : trans.__('asyncmd-jupyter has not started it');
  const add = (
    id: string,
    [label, short]: readonly [string, string],
    can: (place: IPlace) => boolean,
    go: (place: IPlace) => Promise<void> | void,
    why?: (place: IPlace) => string
  ): void => {
    const isPossible = (): boolean => {
      const here = place();
      return here !== null && can(here);
    };
    app.commands.addCommand(id, {
      label: args => (args.isShort ? short : label),
      caption: () => {
        const here = place();
        return here && why && !can(here) ? why(here) : label;
      },
      isEnabled: isPossible,
      isVisible: () => why !== undefined || isPossible(),
      execute: async () => {
        const here = place();
        if (here && can(here)) {
          await go(here);
        }
      }
    });
  };
  add(
    Command.folder,
    [trans.__('Open the work folder'), trans.__('Folder')],
    here => actions.canBrowse(here),
    here => actions.browse(here),
    outside
  );
  add(
    Command.copyPath,
    [trans.__('Copy the path of the work folder'), trans.__('Copy path')],
    here => here.path !== '',
    here => actions.copyPath(here)
  );
  add(
    Command.notebook,
    [trans.__('Open the notebook that started it'), trans.__('Notebook')],
    here => here.notebook !== '',
    here => actions.openNotebook(here)
  );
  add(
    Command.attach,
    [
      trans.__('New notebook attached to what is selected'),
      trans.__('New notebook')
    ],
    here => here.ours && here.attachFolder !== null,
    here => actions.attach(here),
    whyNotAttached
  );
}
