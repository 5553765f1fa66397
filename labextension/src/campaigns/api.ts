import { URLExt } from '@jupyterlab/coreutils';
import { ServerConnection } from '@jupyterlab/services';

import type { ISource } from './feed';
import type {
  Action,
  IActionResult,
  IDiagnosis,
  ILog,
  ISnapshot,
  LogName,
  RunAction
} from './protocol';

const MOST_IDS = 1000;

/** The routes of the server, below its base URL. */
export class Api implements ISource {
  constructor(
    private readonly _settings: ServerConnection.ISettings,
    private readonly _wantsOthers: () => boolean,
    private readonly _setClock: (date: string | null) => void
  ) {}

  async stream(signal: AbortSignal): Promise<ReadableStream<Uint8Array>> {
    const headers = { Accept: 'text/event-stream' };
    const response = await this._request(`events${this._others}`, {
      headers,
      signal,
      cache: 'no-store'
    });
    this._setClock(response.headers.get('Date'));
    if (!response.body) {
      throw new Error('The server sent nothing.');
    }
    return response.body;
  }

  snapshot(signal: AbortSignal): Promise<ISnapshot> {
    return this._json(`snapshot${this._others}`, { signal });
  }

  /** @returns what became of each job, however many there are */
  async act(action: Action, ids: readonly string[]): Promise<IActionResult[]> {
    const results: IActionResult[] = [];
    for (let from = 0; from < ids.length; from += MOST_IDS) {
      const body = JSON.stringify({ ids: ids.slice(from, from + MOST_IDS) });
      const answer = await this._json<{ results: IActionResult[] }>(
        `jobs/${action}`,
        { method: 'POST', body }
      );
      results.push(...answer.results);
    }
    return results;
  }

  /** Let kernels hold or release their runs. */
  async actOnRuns(
    action: RunAction,
    keys: readonly string[]
  ): Promise<IActionResult[]> {
    const body = JSON.stringify({ ids: keys.slice(0, MOST_IDS) });
    const answer = await this._json<{ results: IActionResult[] }>(
      `runs/${action}`,
      { method: 'POST', body }
    );
    return answer.results;
  }

  log(id: string, stream: LogName, lines: number): Promise<ILog> {
    const query = URLExt.objectToQueryString({ stream, lines });
    return this._json(`jobs/${encodeURIComponent(id)}/log${query}`);
  }

  /** @returns null if nothing is wrong with the job */
  why(id: string): Promise<IDiagnosis | null> {
    return this._json(`jobs/${encodeURIComponent(id)}/triage`);
  }

  private get _others(): string {
    return `?others=${this._wantsOthers() ? 1 : 0}`;
  }

  private async _json<T>(path: string, init: RequestInit = {}): Promise<T> {
    const response = await this._request(path, init);
    return (await response.json()) as T;
  }

  private async _request(path: string, init: RequestInit): Promise<Response> {
    const url =
      URLExt.join(this._settings.baseUrl, 'asyncmd-jupyter', 'api') +
      `/${path}`;
    const response = await ServerConnection.makeRequest(
      url,
      init,
      this._settings
    );
    if (!response.ok) {
      throw await errorFrom(response);
    }
    return response;
  }
}

/** Proxies answer so in place of a server that is gone; ours says what is wrong. */
const NOBODY_BEHIND = [502, 503, 504];

async function errorFrom(response: Response): Promise<Error> {
  const said = await message(response);
  if (!said && NOBODY_BEHIND.includes(response.status)) {
    return new ServerConnection.NetworkError(new TypeError('No server.'));
  }
  const fallback = `${response.status} ${response.statusText}`;
  return new ServerConnection.ResponseError(response, said || fallback);
}

async function message(response: Response): Promise<string> {
  try {
    const said = (await response.json()) as { message?: string };
    return said.message ?? '';
  } catch {
    return '';
  }
}
