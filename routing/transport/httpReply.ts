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
  const mediaType = mediaTypeOf(head.contentType);
  const what = `HTTP ${head.status}, ${mediaType}`;
  if (!/^application\/(.+\+)?json$/.test(mediaType)) return { status: 'BAD_ANSWER', what };
  try {
    return { status: 'OK', httpStatus: head.status, body: JSON.parse(text), what };
  } catch {
    return { status: 'BAD_ANSWER', what: `${what}, ${text === '' ? 'empty' : 'not valid JSON'}` };
  }
}

/** Says what broke. @param head set once the answer had begun */
export function brokenReply(error: Error, head: Head | undefined): Reply {
  if (head && isClosed(error)) {
    return { status: 'BAD_ANSWER', what: `HTTP ${head.status}, ${mediaTypeOf(head.contentType)}, cut short` };
  }
  if (error instanceof errors.ResponseExceededMaxSizeError) return TOO_LARGE;
  if (error instanceof errors.HTTPParserError) return { status: 'BAD_ANSWER', what: 'no HTTP' };
  return { status: 'UNREACHABLE', what: codeOf(error) };
}

const CLOSED_CODES = ['UND_ERR_SOCKET', 'ECONNRESET', 'EPIPE'];

/** True if an error means that the connection was closed. */
export const isClosed = (error: Error): boolean => 'code' in error && CLOSED_CODES.includes(String(error.code));

/** Media type, if it may be shown to anyone: a content type is text from outside. */
function mediaTypeOf(contentType: string): string {
  const value = contentType.split(';', 1)[0]?.trim().toLowerCase() ?? '';
  return /^[a-z]+\/[a-z0-9.+-]{1,60}$/.test(value) ? value : 'no content type';
}

/** Code of the error alone: its message holds the address. */
function codeOf(error: Error): string {
  const code = 'code' in error ? String(error.code) : '';
  return /^[A-Z][A-Z0-9_]{1,40}$/.test(code) ? code : 'no code';
}
