import { EventParser } from './eventStream';
import type { IChange, ISnapshot } from './protocol';

/** Where news come from. */
export interface ISource {
  stream(signal: AbortSignal): Promise<ReadableStream<Uint8Array>>;
  snapshot(signal: AbortSignal): Promise<ISnapshot>;
}

/** Where news go. */
export interface IListener {
  onSnapshot(snapshot: ISnapshot): void;
  onChange(change: IChange): void;
  /**
   * @param problem - why there are no news; empty when all is well again
   * @param isAway - whether nobody answers
   */
  onProblem(problem: string, isAway: boolean): void;
}

export interface IPace {
  /** All in milliseconds. */
  readonly firstPause: number;
  readonly longestPause: number;
  /** After so much silence a connection counts as dead. */
  readonly silence: number;
  /** So long may the first event of a stream take. */
  readonly patience: number;
  /** Between two looks where a proxy holds streams back. */
  readonly poll: number;
}

export const PACE: IPace = {
  firstPause: 1000,
  longestPause: 60_000,
  silence: 45_000,
  patience: 15_000,
  poll: 10_000
};

class Silence extends Error {}

/** Whether nobody answers: that is what browsers tell by errors of this type only. */
export function isAway(error: unknown): boolean {
  return error instanceof TypeError || error instanceof Silence;
}

/**
 * Follows the server while somebody looks: by a stream; where a proxy lets none through, by
 * asking again and again. After a failure it tries again, less and less often.
 */
export class Feed {
  constructor(
    private readonly _source: ISource,
    private readonly _listener: IListener,
    private _pace: IPace = PACE,
    private readonly _random: () => number = Math.random
  ) {}

  get isAwake(): boolean {
    return this._abort !== null;
  }

  set isAwake(wanted: boolean) {
    if (wanted === this.isAwake) {
      return;
    }
    if (wanted) {
      this._abort = new AbortController();
      void this._run(this._abort.signal);
    } else {
      this._abort?.abort();
      this._abort = null;
    }
  }

  set pollInterval(milliseconds: number) {
    this._pace = { ...this._pace, poll: milliseconds };
  }

  /** Begin anew now, as if nothing had failed. */
  restart(): void {
    this._failures = 0;
    if (this.isAwake) {
      this.isAwake = false;
      this.isAwake = true;
    }
  }

  private async _run(signal: AbortSignal): Promise<void> {
    while (!signal.aborted) {
      try {
        await (this._heldBack < 2 ? this._listen(signal) : this._poll(signal));
      } catch (error) {
        if (signal.aborted) {
          return;
        }
        this._note(error);
      }
      await pause(this._nextPause(), signal);
    }
  }

  private _note(error: unknown): void {
    if (error instanceof Silence && !this._isFresh) {
      this._heldBack += 1;
    }
    this._failures += 1;
    this._listener.onProblem(
      error instanceof Error ? error.message : String(error),
      isAway(error)
    );
  }

  /** Not all pages of a server that comes back shall ask in the same moment. */
  private _nextPause(): number {
    const { firstPause, longestPause } = this._pace;
    const grown = firstPause * 2 ** Math.max(0, this._failures - 1);
    return Math.min(longestPause, grown) * (0.75 + 0.5 * this._random());
  }

  private async _listen(signal: AbortSignal): Promise<void> {
    this._isFresh = false;
    const attempt = new AbortController();
    const stop = (): void => attempt.abort();
    signal.addEventListener('abort', stop);
    try {
      const stream = await this._source.stream(attempt.signal);
      await this._read(stream.getReader(), signal);
    } finally {
      signal.removeEventListener('abort', stop);
      attempt.abort();
    }
  }

  private async _read(
    reader: ReadableStreamDefaultReader<Uint8Array>,
    signal: AbortSignal
  ): Promise<void> {
    const parser = new EventParser();
    const decoder = new TextDecoder();
    while (!signal.aborted) {
      const { patience, silence } = this._pace;
      const limit = this._isFresh ? silence : patience;
      const { done, value } = await within(limit, reader.read());
      if (done || signal.aborted) {
        return;
      }
      for (const event of parser.feed(
        decoder.decode(value, { stream: true })
      )) {
        this._take(event.type, event.data);
      }
    }
  }

  private _take(type: string, data: string): void {
    if (type === 'snapshot') {
      this._isFresh = true;
      this._heldBack = 0;
      this._tellSnapshot(JSON.parse(data) as ISnapshot);
    } else if (type === 'change') {
      this._listener.onChange(JSON.parse(data) as IChange);
    }
  }

  private async _poll(signal: AbortSignal): Promise<void> {
    while (!signal.aborted) {
      const snapshot = await this._source.snapshot(signal);
      if (!signal.aborted) {
        this._tellSnapshot(snapshot);
      }
      await pause(this._pace.poll, signal);
    }
  }

  private _tellSnapshot(snapshot: ISnapshot): void {
    this._failures = 0;
    this._listener.onProblem('', false);
    this._listener.onSnapshot(snapshot);
  }

  private _abort: AbortController | null = null;
  private _failures = 0;
  private _heldBack = 0;
  private _isFresh = false;
}

function pause(milliseconds: number, signal: AbortSignal): Promise<void> {
  return new Promise(resolve => {
    const end = (): void => {
      clearTimeout(timer);
      signal.removeEventListener('abort', end);
      resolve();
    };
    const timer = setTimeout(end, milliseconds);
    signal.addEventListener('abort', end);
    if (signal.aborted) {
      end();
    }
  });
}

async function within<T>(
  milliseconds: number,
  promise: Promise<T>
): Promise<T> {
  let timer: ReturnType<typeof setTimeout> | undefined;
  const late = new Promise<never>((_, reject) => {
    timer = setTimeout(
      () => reject(new Silence('The server has gone silent.')),
      milliseconds
    );
  });
  try {
    return await Promise.race([promise, late]);
  } finally {
    clearTimeout(timer);
  }
}
