import { Notification } from '@jupyterlab/apputils';
import type { TranslationBundle } from '@jupyterlab/translation';

import type { IActionResult } from './protocol';

const MOST_SENTENCES = 3;
const SHOWN_MILLISECONDS = 8000;
/** As the server says that it has not seen the end yet. */
const GOES_ON = / is being ended\.$/;

/** Say what did not work, and what takes longer; the rest is seen in the panel. */
export function tellResults(
  results: readonly IActionResult[],
  trans: TranslationBundle
): void {
  const failed = said(
    results.filter(result => !result.ok),
    trans
  );
  const slow = said(results.filter(goesOn), trans);
  if (failed) {
    Notification.error(failed, { autoClose: false });
  }
  if (slow) {
    Notification.info(slow, { autoClose: SHOWN_MILLISECONDS });
  }
}

/** Whether something was begun, and has not come to its end. */
export function goesOn({ ok, message }: IActionResult): boolean {
  return ok && GOES_ON.test(message);
}

/** The first of their sentences, each once, and how many more there are. */
export function said(
  results: readonly IActionResult[],
  trans: TranslationBundle
): string {
  const sentences = [...new Set(results.map(result => result.message))];
  const more = sentences.length - MOST_SENTENCES;
  const first = sentences.slice(0, MOST_SENTENCES);
  return [...first, ...(more > 0 ? [trans.__('And %1 more.', more)] : [])].join(
    '\n'
  );
}
