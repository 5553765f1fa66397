import type { JupyterFrontEndPlugin } from '@jupyterlab/application';

import { quickstart } from './quickstart';
import { views } from './views';

const plugins: JupyterFrontEndPlugin<unknown>[] = [quickstart, views];

export default plugins;
