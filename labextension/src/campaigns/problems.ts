import type { TranslationBundle } from '@jupyterlab/translation';

import { isAway } from './feed';
import type { CampaignStore } from './store';

/** What did not work, in plain words. */
export function errorText(error: unknown, trans: TranslationBundle): string {
  if (isAway(error)) {
    return trans.__("The Jupyter server can't be reached.");
  }
  return error instanceof Error ? error.message : String(error);
}

/** Why there are no news; empty when all is well. */
export function newsProblem(
  { isAway, problem }: Pick<CampaignStore, 'isAway' | 'problem'>,
  trans: TranslationBundle
): string {
  if (isAway) {
    return trans.__(
      "The Jupyter server can't be reached. What is shown may be out of date."
    );
  }
  const end = /[.!?]$/.test(problem) ? '' : '.';
  return (
    problem && trans.__('%1 What is shown may be out of date.', problem + end)
  );
}
