/** Tells of a client that went away before it had its answer. */
import type { ServerResponse } from 'node:http';
import type { FastifyReply } from 'fastify';
import type { StopSignal } from '../../common/stopSignal.ts';

/** Aborts when the connection ends before the response does. Costs next to nothing until somebody listens. */
export const goneSignal = ({ raw }: Pick<FastifyReply, 'raw'>): StopSignal => new GoneSignal(raw);

class GoneSignal implements StopSignal {
  readonly #response: ServerResponse;
  #listeners: Set<() => void> | undefined;

  constructor(response: ServerResponse) {
    this.#response = response;
  }

  get aborted(): boolean {
    return this.#response.destroyed && !this.#response.writableFinished;
  }

  addEventListener(_type: 'abort', listener: () => void): void {
    if (!this.#listeners) {
      const listeners = new Set<() => void>();
      this.#listeners = listeners;
      this.#response.once('close', () => {
        if (this.aborted) for (const told of listeners) told();
      });
    }
    this.#listeners.add(listener);
  }

  removeEventListener(_type: 'abort', listener: () => void): void {
    this.#listeners?.delete(listener);
  }
}
