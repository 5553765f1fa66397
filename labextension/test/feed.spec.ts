import { Feed, PACE, type ISource } from '../src/campaigns/feed';
import type { ISnapshot } from '../src/campaigns/protocol';

const SNAPSHOT: ISnapshot = {
  protocol: 1,
  can_show_others: true,
  time: '',
  scheduler: '',
  queue_problem: '',
  problems: [],
  jobs: [],
  runs: []
};

/** A server that can be told what to do, and counts what it is asked. */
class Server implements ISource {
  asked: number[] = [];
  polled = 0;
  isDown = false;
  isHeldBack = false;
  last!: ReadableStreamDefaultController<Uint8Array>;

  stream(signal: AbortSignal): Promise<ReadableStream<Uint8Array>> {
    this.asked.push(Date.now());
    if (this.isDown) {
      return Promise.reject(new Error('No server.'));
    }
    const stream = new ReadableStream<Uint8Array>({
      start: controller => {
        this.last = controller;
        signal.addEventListener('abort', () => controller.error('aborted'));
        if (!this.isHeldBack) {
          this.send('snapshot', SNAPSHOT);
        }
      }
    });
    return Promise.resolve(stream);
  }

  snapshot(): Promise<ISnapshot> {
    this.polled += 1;
    return Promise.resolve(SNAPSHOT);
  }

  send(type: string, data: unknown): void {
    const text = `event: ${type}\ndata: ${JSON.stringify(data)}\n\n`;
    this.last.enqueue(new TextEncoder().encode(text));
  }

  alive(): void {
    this.last.enqueue(new TextEncoder().encode(': alive\n\n'));
  }
}

class Listener {
  heard: string[] = [];
  onSnapshot = (): void => void this.heard.push('snapshot');
  onChange = (): void => void this.heard.push('change');
  onProblem = (problem: string): void => {
    if (problem) {
      this.heard.push(problem);
    }
  };
}

let server: Server;
let listener: Listener;
let feed: Feed;

beforeEach(() => {
  jest.useFakeTimers();
  server = new Server();
  listener = new Listener();
  feed = new Feed(server, listener, PACE, () => 0.5);
});

afterEach(() => {
  feed.isAwake = false;
  jest.useRealTimers();
});

const later = (milliseconds: number): Promise<void> =>
  jest.advanceTimersByTimeAsync(milliseconds);

test('news come while it is awake, and none before', async () => {
  await later(1000);
  expect(server.asked).toEqual([]);
  feed.isAwake = true;
  await later(10);
  server.send('change', {});
  await later(10);
  expect(listener.heard).toEqual(['snapshot', 'change']);
});

test('asleep it hears and asks nothing', async () => {
  feed.isAwake = true;
  await later(10);
  feed.isAwake = false;
  await later(600_000);
  expect(listener.heard).toEqual(['snapshot']);
  expect(server.asked.length).toBe(1);
  feed.isAwake = true;
  await later(10);
  expect(listener.heard).toEqual(['snapshot', 'snapshot']);
});

test('a server that is down is asked less and less often, at last once a minute', async () => {
  server.isDown = true;
  feed.isAwake = true;
  await later(600_000);
  const pauses = server.asked
    .slice(1)
    .map((time, index) => time - (server.asked[index] ?? 0));
  expect(pauses.slice(0, 7)).toEqual(
    [1, 2, 4, 8, 16, 32, 60].map(s => s * 1000)
  );
  expect(new Set(pauses.slice(7))).toEqual(new Set([60_000]));
  expect(listener.heard[0]).toBe('No server.');

  server.isDown = false;
  await later(60_000);
  expect(listener.heard.at(-1)).toBe('snapshot');
});

test('a stream that ends is opened again soon', async () => {
  feed.isAwake = true;
  await later(10);
  server.last.close();
  await later(1100);
  expect(server.asked.length).toBe(2);
  expect(listener.heard).toEqual(['snapshot', 'snapshot']);
});

test('a stream without signs of life is given up, one with them is not', async () => {
  feed.isAwake = true;
  for (let minute = 0; minute < 10; minute++) {
    await later(30_000);
    server.alive();
  }
  expect(server.asked.length).toBe(1);
  await later(60_000);
  expect(server.asked.length).toBe(2);
});

test('behind a proxy that holds streams back it asks again and again', async () => {
  server.isHeldBack = true;
  feed.isAwake = true;
  await later(PACE.patience * 2 + 10_000);
  expect(server.polled).toBeGreaterThan(0);
  feed.pollInterval = 2000;
  await later(PACE.poll);
  const before = server.polled;
  await later(20_000);
  expect(server.polled - before).toBe(10);
  expect(server.asked.length).toBe(2);
});

test('a person can make it ask at once', async () => {
  server.isDown = true;
  feed.isAwake = true;
  await later(300_000);
  server.isDown = false;
  feed.restart();
  await later(10);
  expect(listener.heard.at(-1)).toBe('snapshot');
});
