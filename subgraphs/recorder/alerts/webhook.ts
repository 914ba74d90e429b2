/** Deliveries to the webhook: each at least once, with an id that stays the same, signed. */
import { createHmac } from 'node:crypto';
import type { Pool } from 'pg';
import { deliveryBody } from '../../../domain/incidents/alert.ts';
import type { Term } from '../lease.ts';
import type { RecorderMetrics } from '../metrics.ts';
import { type Delivery, dueDeliveries, forgetDelivery, postponeDelivery } from './deliveries.ts';
import { NotTaken, type Poster } from './post.ts';

/** Seconds between two looks for deliveries that are due. */
export const DELIVERY_INTERVAL_SECONDS = 5;

export interface Webhook {
  readonly url: string;
  /** Key of the signatures. */
  readonly secret: string;
}

interface WebhookOptions extends Webhook {
  readonly pool: Pool;
  readonly publicUrl: string | undefined;
  readonly poster: Poster;
  readonly metrics: Pick<RecorderMetrics, 'alert'>;
  /** Term of this recorder. It is asked before each post. Undefined: another one tells. */
  readonly term: () => Term | undefined;
  /** Ends the deliveries between two posts. */
  readonly signal: AbortSignal;
}

/**
 * Makes all deliveries that are due.
 * @returns true if any was taken
 * @throws NotTaken if one was not taken, LeaseLost if the term ends meanwhile
 */
export async function deliverDue(options: WebhookOptions): Promise<boolean> {
  let hasTaken = false;
  let failure: string | undefined;
  for (;;) {
    if (options.signal.aborted || !options.term()) break;
    const due = await dueDeliveries(options.pool);
    if (due.length === 0) break;
    for (const made of await Promise.allSettled(due.map((delivery) => deliver(options, delivery)))) {
      if (made.status === 'rejected') throw made.reason;
      if (made.value === undefined) hasTaken = true;
      failure = made.value ?? failure;
    }
  }
  if (failure !== undefined) throw new NotTaken(failure);
  return hasTaken;
}

/** @returns failure in one word; undefined: it was taken, or is another recorder's to make */
async function deliver(options: WebhookOptions, delivery: Delivery): Promise<string | undefined> {
  const { pool, poster, metrics, publicUrl, url, secret } = options;
  const body = JSON.stringify(deliveryBody(delivery, publicUrl));
  const headers = { 'x-chat-debug-delivery': delivery.id, 'x-chat-debug-signature': signatureOf(body, secret) };
  const term = options.term();
  if (!term) return undefined;
  const failure = await poster.post(url, body, { headers });
  if (!failure) {
    metrics.alert('webhook', delivery.tries === 0 ? 'sent' : 'repeated');
    await forgetDelivery(pool, term, delivery.id);
  } else if (delivery.isLastTry) {
    metrics.alert('webhook', 'lost');
    await forgetDelivery(pool, term, delivery.id);
  } else {
    metrics.alert('webhook', 'failed');
    await postponeDelivery(pool, term, delivery.id);
  }
  return failure;
}

/** Signature of a body: HMAC (RFC 2104) with SHA-256, in hexadecimal digits. */
const signatureOf = (body: string, secret: string): string =>
  `sha256=${createHmac('sha256', secret).update(body).digest('hex')}`;
