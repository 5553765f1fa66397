import type { ISettingRegistry } from '@jupyterlab/settingregistry';

import { USUAL_COLUMNS } from './columns';

export type Notifications = 'all' | 'failures' | 'none';

/** What people choose in JupyterLab's settings. */
export interface IOptions {
  readonly columns: readonly string[];
  readonly confirm: boolean;
  readonly notifications: Notifications;
  /** In seconds. */
  readonly pollInterval: number;
  readonly logLines: number;
}

export const USUAL_OPTIONS: IOptions = {
  columns: USUAL_COLUMNS,
  confirm: true,
  notifications: 'all',
  pollInterval: 10,
  logLines: 200
};

/** The registry has checked the values by the schema. */
export function optionsFrom(settings: ISettingRegistry.ISettings): IOptions {
  return {
    ...USUAL_OPTIONS,
    ...(settings.composite as unknown as Partial<IOptions>)
  };
}
