/** Posts of alerts over HTTP. A redirect is not followed, and of an answer only the head counts. */
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

interface PostOptions {
  readonly headers?: Readonly<Record<string, string>>;
  /** True if a page for people says that nothing was taken: a login in front of a receiver that never answers with one. */
  readonly refusesHtml?: boolean;
}

export interface Poster {
  /** Posts a JSON text. @returns failure in one word; undefined: it was taken */
  post(url: string, body: string, options?: PostOptions): Promise<string | undefined>;
  /** Ends what is still on its way. */
  close(): Promise<void>;
}

export function openPoster(): Poster {
  const dispatcher = new Agent({ connections: MOST_CONNECTIONS });
  return {
    post: async (url, body, { headers = {}, refusesHtml = false } = {}) => {
      const { signal, clear } = deadlineSignal(TIMEOUT_MS);
      try {
        const all = { 'content-type': 'application/json', ...headers };
        const response = await request(url, { method: 'POST', dispatcher, signal, headers: all, body });
        await response.body.dump();
        if (response.statusCode < 200 || response.statusCode >= 300) return `HTTP_${response.statusCode}`;
        return refusesHtml && HTML.test(String(response.headers['content-type'])) ? 'HTML' : undefined;
      } catch {
        return signal.aborted ? 'TIMED_OUT' : 'UNREACHABLE';
      } finally {
        clear();
      }
    },
    close: () => dispatcher.destroy(),
  };
}

const HTML = /^\s*(text\/html|application\/xhtml\+xml)\b/i;
