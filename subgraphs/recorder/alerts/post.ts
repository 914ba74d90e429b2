/** Posts of alerts over HTTP. A redirect is not followed, and an answer is not read. */
import { Agent, request } from 'undici';
import { deadlineSignal } from '../../../common/clock.ts';

/** Milliseconds for one post. */
const TIMEOUT_MS = 10_000;
const MOST_CONNECTIONS = 10;

/** Error where alerts were not taken. Its `code` is one word. */
export class NotTaken extends Error {
  override name = 'NotTaken';
  readonly code: string;

  constructor(code: string) {
    super(`The alerts were not taken: ${code}`);
    this.code = code;
  }
}

export interface Poster {
  /** Posts a JSON text. @returns failure in one word; undefined: it was taken */
  post(url: string, body: string, headers?: Readonly<Record<string, string>>): Promise<string | undefined>;
  /** Ends what is still on its way. */
  close(): Promise<void>;
}

export function openPoster(): Poster {
  const dispatcher = new Agent({ connections: MOST_CONNECTIONS });
  return {
    post: async (url, body, headers = {}) => {
      const { signal, clear } = deadlineSignal(TIMEOUT_MS);
      try {
        const all = { 'content-type': 'application/json', ...headers };
        const response = await request(url, { method: 'POST', dispatcher, signal, headers: all, body });
        await response.body.dump();
        return response.statusCode >= 200 && response.statusCode < 300 ? undefined : `HTTP_${response.statusCode}`;
      } catch {
        return signal.aborted ? 'TIMED_OUT' : 'UNREACHABLE';
      } finally {
        clear();
      }
    },
    close: () => dispatcher.destroy(),
  };
}
