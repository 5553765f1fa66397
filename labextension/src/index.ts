import type { JupyterFrontEndPlugin } from '@jupyterlab/application';

import { quickstart } from './quickstart';

const plugins: JupyterFrontEndPlugin<unknown>[] = [quickstart];

export default plugins;
