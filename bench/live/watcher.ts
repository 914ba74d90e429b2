/** Clients of live views that cost little, so that one process can be a thousand of them. */
import { once } from 'node:events';
import { Agent, type IncomingMessage, request } from 'node:http';
import { systemClock as clock } from '../../common/clock.ts';

/** One event with an answer, and when it came. */
export interface Seen {
  readonly atMs: number;
  readonly text: string;
}

export interface Watcher {
  readonly seen: readonly Seen[];
  /** True once the connection has ended. */
  hasEnded(): boolean;
  /** Stops to read, as a client that hangs. */
  pause(): void;
  close(): void;
}

const agent = new Agent({ maxSockets: Number.POSITIVE_INFINITY, keepAlive: false });

export interface Question {
  readonly query: string;
  readonly variables?: object;
}

/** Resolves when the stream is open. @param keepsAll false: keeps the newest event alone */
export async function openWatcher(
  url: string,
  headers: Readonly<Record<string, string>>,
  question: Question,
  { keepsAll = true, onEvent = (_: Seen) => {} } = {},
): Promise<Watcher> {
  const asking = request(url, { method: 'POST', agent, headers: { ...headers, accept: 'text/event-stream' } });
  asking.on('error', () => {}); // it has ended, then
  asking.end(JSON.stringify(question));
  const [response] = (await once(asking, 'response')) as [IncomingMessage];
  if (response.statusCode !== 200) throw new Error(`HTTP ${response.statusCode}`);
  const seen: Seen[] = [];
  let [rest, isOver] = ['', false];
  response.setEncoding('utf8').on('data', (chunk: string) => {
    const events = `${rest}${chunk}`.split('\n\n');
    rest = events.pop() ?? '';
    for (const text of events) {
      if (!text.startsWith('event: next')) continue;
      if (!keepsAll) seen.length = 0;
      const one = { atMs: clock.monotonicMs(), text };
      seen.push(one);
      onEvent(one);
    }
  });
  for (const end of ['close', 'error']) {
    response.on(end, () => {
      isOver = true;
    });
  }
  return {
    seen,
    hasEnded: () => isOver,
    pause: () => void response.pause(),
    close: () => void asking.destroy(),
  };
}
