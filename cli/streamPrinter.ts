/** The events of a chat's stream as text. Each part is printed once, however often the stream is opened again. */

import * as z from 'zod';
import { parsedJson } from '../common/json.ts';
import { printable, printableLine } from './printable.ts';

const episodeEvent = z.object({ historyVersion: z.number(), generationAttempt: z.number() });
const partEvent = z.object({
  part: z.union([
    z.object({ type: z.enum(['text-delta', 'reasoning-delta']), text: z.string() }),
    z.object({ type: z.literal('tool-call'), toolName: z.string(), input: z.unknown() }),
    z.object({ type: z.literal('tool-result'), toolName: z.string(), output: z.unknown() }),
  ]),
});

/** Characters of a tool's arguments or result. */
const LONGEST_JSON = 1_000;
const jsonLine = (value: unknown): string => printableLine(JSON.stringify(value) ?? 'nothing', LONGEST_JSON);

/** Data of an event; undefined if another version of the worker says something else. */
const known = <Shape extends z.ZodType>(shape: Shape, data: string): z.output<Shape> | undefined =>
  shape.safeParse(parsedJson(data)).data;

export class StreamPrinter {
  readonly #write: (text: string) => void;
  #episode = '';
  /** Number of parts in this reading of the stream, and of those written before it. */
  #received = 0;
  #written = 0;
  #midLine = false;

  constructor(write: (text: string) => void) {
    this.#write = write;
  }

  event(name: string, data: string): void {
    if (name === 'episode') this.#begin(known(episodeEvent, data));
    if (name !== 'part') return;
    this.#received += 1;
    if (this.#received <= this.#written) return;
    this.#written = this.#received;
    this.#show(known(partEvent, data)?.part);
  }

  /** Writes a last line of its own. */
  end(text: string): void {
    this.#line(text);
  }

  #begin(event: z.output<typeof episodeEvent> | undefined): void {
    if (!event) return;
    const { historyVersion, generationAttempt } = event;
    const episode = `${historyVersion}/${generationAttempt}`;
    this.#received = 0;
    if (episode === this.#episode) return;
    this.#episode = episode;
    this.#written = 0;
    if (generationAttempt > 1) this.#line(`[attempt ${generationAttempt}]`);
  }

  #show(part: z.output<typeof partEvent>['part'] | undefined): void {
    if (!part) {
      this.#line('[a part that this version does not know]');
    } else if (part.type === 'tool-call') {
      this.#line(`[calls ${part.toolName} ${jsonLine(part.input)}]`);
    } else if (part.type === 'tool-result') {
      this.#line(`[${part.toolName} answers ${jsonLine(part.output)}]`);
    } else {
      this.#write(printable(part.text));
      this.#midLine = !part.text.endsWith('\n');
    }
  }

  #line(text: string): void {
    this.#write(`${this.#midLine ? '\n' : ''}${printable(text)}\n`);
    this.#midLine = false;
  }
}
