/**
 * The client, in a process of its own: it sends a stretch of the mix over several connections, and checks each answer's
 * status.
 */
import { once } from 'node:events';
import { Pool } from 'undici';
import { announceReady } from '../../server/lifecycle.ts';
import { fillingRequest, type MixedRequest, mixedRequest, signTokens } from './mix.ts';

/** First message to the process. */
export interface SenderSpec {
  /** The gateway's, without a path. */
  readonly url: string;
  /** Secret of the callers' tokens. */
  readonly secret: string;
}

/** And then, each time. */
export interface Stretch {
  /** `filling`: as many different documents. */
  readonly kind: 'mixed' | 'filling';
  readonly from: number;
  readonly count: number;
}

const CONNECTIONS = 16;

const [{ url, secret }] = (await once(process, 'message')) as [SenderSpec];
const pool = new Pool(url, { connections: CONNECTIONS, headersTimeout: 30_000 });
const tokens = await signTokens(secret);

/** @throws if the status is not the one that was to be */
async function send({ method, path, headers, body, status }: MixedRequest): Promise<void> {
  const gone = status === undefined ? AbortSignal.timeout(1) : null;
  try {
    const response = await pool.request({ method, path, headers, body: body ?? null, signal: gone });
    const text = await response.body.text();
    if (gone || response.statusCode === status) return;
    throw new Error(
      `HTTP ${response.statusCode} instead of ${status} for ${method} ${path}: ${text} ${body}`.slice(0, 500),
    );
  } catch (error) {
    if (!gone?.aborted) throw error;
  }
}

async function sendAll({ kind, from, count }: Stretch): Promise<void> {
  const request = kind === 'mixed' ? mixedRequest : fillingRequest;
  let next = from;
  const worker = async () => {
    while (next < from + count) await send(request(next++, tokens));
  };
  await Promise.all(Array.from({ length: CONNECTIONS }, worker));
}

process.on('message', async (stretch: Stretch) => {
  await sendAll(stretch);
  process.send?.({ done: true });
});
process.once('disconnect', () => process.exit(0));
announceReady({ url: '' });
