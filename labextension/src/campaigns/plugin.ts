import {
  ILayoutRestorer,
  type JupyterFrontEnd,
  type JupyterFrontEndPlugin
} from '@jupyterlab/application';
import { ICommandPalette } from '@jupyterlab/apputils';
import { ILauncher } from '@jupyterlab/launcher';
import { ISettingRegistry } from '@jupyterlab/settingregistry';
import { IStateDB } from '@jupyterlab/statedb';
import { IStatusBar } from '@jupyterlab/statusbar';
import { ITranslator, nullTranslator } from '@jupyterlab/translation';

import { Actions } from './actions';
import { Api } from './api';
import { Command } from './commandIds';
import { addCommands } from './commands';
import { Feed } from './feed';
import { Notifier } from './notifier';
import { optionsFrom, USUAL_OPTIONS } from './options';
import { CampaignPanel, PANEL_ID } from './panel';
import { StatusItem } from './statusItem';
import { CampaignStore } from './store';
import { UnderWay } from './underWay';
import { View } from './view';
import { wakeWhileSeen, type ISeen } from './waking';

const PLUGIN_ID = 'asyncmd-jupyter:campaigns';
const SIDE_RANK = 450;

/** The side panel with runs and jobs, and what leads to it; each place is optional. */
export const campaigns: JupyterFrontEndPlugin<void> = {
  id: PLUGIN_ID,
  description: 'Shows runs and jobs of all notebooks, with or without kernel.',
  autoStart: true,
  optional: [
    ITranslator,
    ILayoutRestorer,
    ISettingRegistry,
    IStateDB,
    IStatusBar,
    ICommandPalette,
    ILauncher
  ],
  activate
};

function activate(
  app: JupyterFrontEnd,
  translator: ITranslator | null,
  restorer: ILayoutRestorer | null,
  registry: ISettingRegistry | null,
  state: IStateDB | null,
  statusBar: IStatusBar | null,
  palette: ICommandPalette | null,
  launcher: ILauncher | null
): void {
  const trans = (translator ?? nullTranslator).load('asyncmd-jupyter');
  const store = new CampaignStore();
  const view = new View();
  let options = USUAL_OPTIONS;
  const api = new Api(
    app.serviceManager.serverSettings,
    () => view.others,
    date => store.setClock(date)
  );
  const feed = new Feed(api, store);
  const { commands } = app;
  const underWay = new UnderWay(store);
  const panel = new CampaignPanel({
    store,
    underWay,
    view,
    api,
    commands,
    trans,
    options: () => options
  });
  const actions = new Actions(app, api, underWay, trans, () => options);
  addCommands({ app, panel, store, view, feed, actions, underWay, trans });

  app.shell.add(panel, 'left', { rank: SIDE_RANK });
  restorer?.add(panel, PANEL_ID);
  const seen: ISeen[] = [panel];
  if (statusBar) {
    const item = new StatusItem(store, trans, () => {
      void commands.execute(Command.show);
    });
    statusBar.registerStatusItem(PLUGIN_ID, {
      item,
      align: 'left',
      rank: 4
    });
    seen.push(item);
  }
  addEntries(palette, launcher);

  const isInSight = (): boolean => panel.isVisible && !document.hidden;
  const notifier = new Notifier({
    trans,
    options: () => options,
    isInSight,
    show: runs => {
      void commands.execute(Command.show);
      panel.reveal(runs.map(run => run.key));
    },
    onSeen: () => (view.seen = store.now)
  });
  store.ended.connect((_, runs) => notifier.tell(runs));
  panel.visibilityChanged.connect(() => {
    if (isInSight()) {
      notifier.seen();
    }
  });

  let wake = (): void => undefined;
  void app.restored.then(async () => {
    await keepView(state, view);
    store.seen = view.seen;
    view.seen ??= store.now;
    await followSettings(registry, settings => {
      options = optionsFrom(settings);
      feed.pollInterval = options.pollInterval * 1000;
      panel.update();
      wake();
    });
    wake = wakeWhileSeen(feed, seen, () => options.notifications !== 'none');
  });
}

function addEntries(
  palette: ICommandPalette | null,
  launcher: ILauncher | null
): void {
  const category = 'asyncmd';
  const inPalette = [
    Command.show,
    Command.ofNotebook,
    Command.others,
    Command.reconnect
  ];
  inPalette.forEach(command => palette?.addItem({ command, category }));
  launcher?.add({
    command: Command.show,
    args: { isLauncher: true },
    category
  });
}

/** Bring back what was chosen before the page was loaded, and remember what is chosen. */
async function keepView(state: IStateDB | null, view: View): Promise<void> {
  if (!state) {
    return;
  }
  view.restore(await state.fetch(PLUGIN_ID));
  view.changed.connect(() => void state.save(PLUGIN_ID, view.toJSON()));
}

async function followSettings(
  registry: ISettingRegistry | null,
  take: (settings: ISettingRegistry.ISettings) => void
): Promise<void> {
  if (!registry) {
    return;
  }
  try {
    const settings = await registry.load(PLUGIN_ID);
    take(settings);
    settings.changed.connect(take);
  } catch (error) {
    // A server that serves no schemas is no reason to show no jobs.
    console.warn('asyncmd-jupyter: settings are the usual ones.', error);
  }
}
