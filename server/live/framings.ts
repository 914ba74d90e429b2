/**
 * The two forms of a stream over HTTP. Pure.
 *
 * - Server-sent events (WHATWG HTML, section 9.2), as "GraphQL over Server-Sent Events" has them for one operation a
 *   connection: `next` with an answer, and `complete`.
 * - `multipart/mixed` (RFC 2046), as Apollo's multipart protocol for subscriptions has it. A part holds a `payload`; `{}` is
 *   a sign of life. A part with `payload: null` and `errors` is the last one.
 */
import Negotiator from 'negotiator';
import { MOST_CHARACTERS } from '../weighed.ts';

export interface Framing {
  readonly contentType: string;
  /** Bytes before the first event. */
  readonly opening: string;
  /**
   * Event with an answer.
   * @param rest its JSON without the first brace
   * @param more JSON members that stand before it, each with a comma
   */
  event(rest: Buffer, more?: string): Buffer;
  /** Event that says that nothing has changed. */
  alive(rest: Buffer): Buffer;
  /** Last bytes. @param error JSON of an error that says why; undefined: the client asked for the end */
  end(error: string): string;
}

const sse: Framing = {
  contentType: 'text/event-stream; charset=utf-8',
  opening: '',
  event: (rest, more = '') => Buffer.concat([Buffer.from(`event: next\ndata: {${more}`), rest, Buffer.from('\n\n')]),
  alive: (rest) => sse.event(rest, '"extensions":{"alive":true},'),
  end: (error) => `event: next\ndata: {"errors":[${error}]}\n\nevent: complete\ndata:\n\n`,
};

/** Line between two parts. It follows each part at once, since clients read up to it. */
const BOUNDARY = '\r\n--graphql';
const PART = '\r\ncontent-type: application/json\r\n\r\n';

const multipart: Framing = {
  contentType: 'multipart/mixed;boundary="graphql";subscriptionSpec=1.0',
  opening: BOUNDARY,
  event: (rest, more = '') =>
    Buffer.concat([Buffer.from(`${PART}{"payload":{${more}`), rest, Buffer.from(`}${BOUNDARY}`)]),
  alive: () => Buffer.from(`${PART}{}${BOUNDARY}`),
  end: (error) => `${PART}{"payload":null,"errors":[${error}]}${BOUNDARY}--\r\n`,
};

/** Parameter of `multipart/mixed` without which it is another protocol. */
const OF_SUBSCRIPTIONS = /\bmultipart\/mixed\b[^,]*;\s*subscriptionSpec="?1\.0"?/i;

/**
 * Form that a client would rather have, of those that it names. Undefined: it accepts no stream.
 * @param accept the header
 */
export function framingFor(accept = ''): Framing | undefined {
  if (accept.length > MOST_CHARACTERS) return undefined;
  const named = new Negotiator({ headers: { accept } }).mediaTypes().map((type) => type.toLowerCase());
  const isOfSubscriptions = OF_SUBSCRIPTIONS.test(accept);
  const taken = named.find((type) => type === 'text/event-stream' || (type === 'multipart/mixed' && isOfSubscriptions));
  if (taken === undefined) return undefined;
  return taken === 'text/event-stream' ? sse : multipart;
}
