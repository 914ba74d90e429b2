/** The signal of a client that went away before its answer. */
import type { ServerResponse } from 'node:http';
import type { FastifyReply } from 'fastify';
import { Stop, type StopSignal } from '../common/stopSignal.ts';

/**
 * Makes a signal that aborts when the connection ends before the response. It costs next to nothing until somebody
 * listens.
 */
export const goneSignal = ({ raw }: Pick<FastifyReply, 'raw'>): StopSignal => new GoneSignal(raw);

class GoneSignal implements StopSignal {
  readonly #response: ServerResponse;
  #stop: Stop | undefined;

  constructor(response: ServerResponse) {
    this.#response = response;
  }

  get aborted(): boolean {
    return this.#response.destroyed && !this.#response.writableFinished;
  }

  addEventListener(type: 'abort', listener: () => void): void {
    if (!this.#stop) {
      const stop = new Stop();
      this.#stop = stop;
      this.#response.once('close', () => {
        if (this.aborted) stop.abort();
      });
    }
    this.#stop.addEventListener(type, listener);
  }

  removeEventListener(type: 'abort', listener: () => void): void {
    this.#stop?.removeEventListener(type, listener);
  }
}
