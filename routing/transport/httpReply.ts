/** The meaning of an HTTP answer, or of its absence. Pure. */
import { errors } from 'undici';
import { type Reply, TOO_LARGE } from './transport.ts';

/** Status line and headers of an answer, as far as they are looked at. */
export interface Head {
  readonly status: number;
  /** Header `content-type`. Empty: there is none. */
  readonly contentType: string;
}

/** Reads an answer that has come to its end. */
export function wholeReply(head: Head, text: string): Reply {
  const what = whatOf(head);
  if (!/^application\/(.+\+)?json$/.test(mediaTypeOf(head))) return { status: 'BAD_ANSWER', what };
  try {
    return { status: 'OK', httpStatus: head.status, body: JSON.parse(text), what };
  } catch {
    return { status: 'BAD_ANSWER', what: `${what}, ${text === '' ? 'empty' : 'not valid JSON'}` };
  }
}

/** Says what broke. @param head set once the answer had begun */
export function brokenReply(error: Error, head: Head | undefined): Reply {
  if (head && isClosed(error)) {
    return { status: 'BAD_ANSWER', what: `${whatOf(head)}, cut short` };
  }
  if (error instanceof errors.ResponseExceededMaxSizeError) return TOO_LARGE;
  if (error instanceof errors.HTTPParserError) return { status: 'BAD_ANSWER', what: 'no HTTP' };
  return { status: 'UNREACHABLE', what: codeOf(error) };
}

const CLOSED_CODES = ['UND_ERR_SOCKET', 'ECONNRESET', 'EPIPE'];

/** True if an error means that the connection was closed. */
export const isClosed = (error: Error): boolean => 'code' in error && CLOSED_CODES.includes(String(error.code));

const mediaTypeOf = ({ contentType }: Head): string => contentType.split(';', 1)[0]?.trim().toLowerCase() ?? '';

/** Media types that are named. Any other may be a message of whoever sent it: it has room for a sentence. */
const NAMED = [
  ...['application/json', 'application/graphql-response+json', 'application/problem+json', 'application/xml'],
  ...['application/octet-stream', 'text/html', 'text/plain', 'text/xml', 'text/event-stream'],
];

/** Words for what came, which may be shown to anyone. */
function whatOf(head: Head): string {
  const type = mediaTypeOf(head);
  const named = NAMED.includes(type) ? type : 'another content type';
  return `HTTP ${head.status}, ${type === '' ? 'no content type' : named}`;
}

/** Code of the error alone: its message holds the address. */
function codeOf(error: Error): string {
  const code = 'code' in error ? String(error.code) : '';
  return /^[A-Z][A-Z0-9_]{1,40}$/.test(code) ? code : 'no code';
}
