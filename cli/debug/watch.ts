/**
 * `--watch`: follows a live view of the gateway, or asks again and again where there is none. A terminal redraws one
 * frame in place; elsewhere a frame follows each change.
 */
import { Chalk } from 'chalk';
import { createLogUpdate } from 'log-update';
import type { Clock } from '../../common/clock.ts';
import { NoAnswer, type Received } from './ask.ts';
import { NoLiveView } from './follow.ts';
import { type Output, render } from './output.ts';
import type { Shown } from './shown.ts';

/** Page so wide that nothing is wrapped or cut, so that frames differ only in what they say. */
const WIDE = { width: 100_000, paint: new Chalk({ level: 0 }) };

interface WatchOptions {
  /** Asks, as far as what came from the live view does not answer. */
  readonly look: (received?: Received) => Promise<Shown>;
  /** Opens the live view; undefined: there is none of this. */
  readonly follow?: (() => AsyncIterable<Received>) | undefined;
  readonly intervalSeconds: number;
  readonly clock: Clock;
  /** Ends the watch in order. */
  readonly signal: AbortSignal;
  readonly output: Output;
}

/**
 * Shows frames until it is ended. Without an answer it says so and goes on.
 * @throws NoAnswer if asking again cannot help
 */
export async function watch(options: WatchOptions): Promise<void> {
  const { look, intervalSeconds, clock, signal, output } = options;
  const screen = output.stream.isTTY ? inPlace(output) : oneAfterAnother(output);
  let { follow } = options;
  const orOutage = async (work: () => Promise<void>) => {
    try {
      await work();
    } catch (error) {
      if (!(error instanceof NoAnswer && error.mayHeal)) throw error;
      if (!signal.aborted) screen.outage(error.message);
    }
  };
  const show = (received?: Received) => orOutage(async () => screen.show(await look(received)));
  const followAll = async (events: AsyncIterable<Received>) => {
    for await (const received of events) await show(received);
  };
  try {
    while (!signal.aborted) {
      try {
        const events = follow?.();
        await (events ? orOutage(() => followAll(events)) : show());
      } catch (error) {
        if (!(error instanceof NoLiveView)) throw error;
        follow = undefined;
        await show(); // a caller who is refused here, too, is told that alone
        console.error(`There is no live view: ${error.message} So this asks every ${intervalSeconds} s.`);
      }
      await clock.sleep(intervalSeconds * 1000, signal);
    }
  } finally {
    screen.end();
  }
}

interface Screen {
  show(shown: Shown): void;
  outage(message: string): void;
  end(): void;
}

function inPlace(output: Output): Screen {
  const draw = createLogUpdate(output.stream);
  let last = '';
  const fitted = (text: string, rest = '') => {
    const all = text.split('\n');
    const room = (output.stream.rows ?? Number.POSITIVE_INFINITY) - 3 - rest.split('\n').length;
    const cut = all.length > room ? [...all.slice(0, room), `… ${all.length - room} more lines`] : all;
    return [...cut, ...(rest ? ['', rest] : [])].join('\n');
  };
  return {
    show: (shown) => {
      last = render(shown, output);
      draw(fitted(last));
    },
    outage: (message) => draw(fitted(last, `${message} Asking again.`)),
    end: () => draw.done(),
  };
}

function oneAfterAnother(output: Output): Screen {
  let before: string | undefined;
  const write = (said: string, text: string) => {
    if (said === before) return;
    if (before !== undefined && !output.json) output.stream.write('\n');
    before = said;
    output.stream.write(`${text}\n`);
  };
  return {
    show: (shown) => write(steady(shown.text(WIDE)), render(shown, output)),
    outage: (message) => {
      const text = `${message} Asking again.`;
      if (output.json && before !== text) console.error(text);
      if (output.json) before = text;
      else write(text, text);
    },
    end: () => {},
  };
}

/** Text without ages and line breaks, to tell whether anything but time has changed. */
export const steady = (text: string): string =>
  text
    .replace(/\s+/g, ' ')
    .replace(/\d{4}-\d\d-\d\dT[\d:.]+(?:Z|[+-]\d\d:?\d\d)/g, 'TIME')
    .replace(/(\w*(?:[sS]econds\w*|Ms)) = -?[\d.]+(?:e-?\d+)?/g, '$1 = AGE')
    .replace(/\d+(?:\.\d+)? (?:ms|s|min|h|days|years)\b/g, 'AGE')
    .trim();
