import type { JupyterFrontEndPlugin } from '@jupyterlab/application';

import { campaigns } from './campaigns/plugin';
import { quickstart } from './quickstart';
import { views } from './views';

const plugins: JupyterFrontEndPlugin<unknown>[] = [
  campaigns,
  quickstart,
  views
];

export default plugins;
