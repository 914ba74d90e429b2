/** One answer of a watch, written once for all its clients. */
import type { AnswerBody } from '../graphql/answer.ts';
import type { Framing } from './framings.ts';

export class LiveAnswer {
  readonly body: AnswerBody;
  #rest: Buffer | undefined;
  readonly #whole = new Map<Framing, Buffer>();
  readonly #again = new Map<Framing, Buffer>();

  constructor(body: AnswerBody) {
    this.body = body;
  }

  /** Event with the answer. */
  event(framing: Framing): Buffer {
    return written(this.#whole, framing, () => framing.event(this.rest));
  }

  /** Event that says that nothing has changed. */
  alive(framing: Framing): Buffer {
    return written(this.#again, framing, () => framing.alive(this.rest));
  }

  /** JSON of the body without its first brace, so that more members can stand before it. */
  get rest(): Buffer {
    this.#rest ??= Buffer.from(JSON.stringify(this.body).slice(1));
    return this.#rest;
  }
}

function written(known: Map<Framing, Buffer>, framing: Framing, write: () => Buffer): Buffer {
  const found = known.get(framing) ?? write();
  known.set(framing, found);
  return found;
}
