/** A failure of the model, in the form of `chats.last_error`: short, and without the bodies of requests and answers. */
import {
  AISDKError,
  APICallError,
  InvalidResponseDataError,
  JSONParseError,
  TypeValidationError,
} from '@ai-sdk/provider';
import { z } from 'zod';
import { toldDelayMs } from './backoff.ts';
import { FAILURE_KINDS, type FailureKind, kindOf } from './failureKinds.ts';
import { UnusableHistory } from './history.ts';
import type { LastError } from './messages.ts';
import { providerWords } from './providerWords.ts';
import { refusalOf } from './refusedData.ts';

/** The answer ended, and the model had not said that it was over. */
export class StreamCutOff extends Error {
  override name = 'StreamCutOff';
}

/** The server answered with success, but with no stream of a model. The message says what it was instead. */
export class NotAStream extends Error {
  override name = 'NotAStream';
}

export const NO_STREAM = 'The server answered JSON in place of a stream';

/** The server answered with success, and with an error in place of a stream. */
export class ErrorAnswer extends Error {
  override name = 'ErrorAnswer';
  readonly body: unknown;

  constructor(body: unknown) {
    super('The answer is an error');
    this.body = body;
  }
}

export function describeFailure(error: unknown, provider: string): LastError {
  const said = saidBy(error);
  if (!said) {
    const { kind, message } = withoutWords(error);
    return failure(kind, message, provider);
  }
  const codes = said.codes.join(', ') || 'nothing';
  const message = providerWords(said.message) || `The provider gave no reason but ${providerWords(codes)}`;
  return failure(kindOf(said), message, provider, said.status);
}

export const failure = (kind: FailureKind, message: string, provider: string, status?: number): LastError => ({
  ...{ kind, message, provider },
  status_code: status ?? null,
  retryable: FAILURE_KINDS[kind],
});

/**
 * How long the provider wants not to be asked. Milliseconds; undefined: it did not say.
 * @param now wall time of this machine, for a provider that names a time and does not say what time it has
 */
export const askedToWaitMs = (error: unknown, now: Date): number | undefined =>
  APICallError.isInstance(error) ? toldDelayMs(error.responseHeaders ?? {}, now) : undefined;

/** What the provider said itself, in its answer or in a chunk of its stream; undefined: it said nothing. */
function saidBy(error: unknown) {
  if (APICallError.isInstance(error)) {
    const status = error.statusCode;
    if (status === undefined || status < 400) return undefined;
    const isHtml = /^\s*</.test(error.responseBody ?? '');
    const words = isHtml ? undefined : errorWords(parsed(error.responseBody ?? ''));
    const message = words?.message ?? (isHtml ? `The server answered HTML with status ${status}` : bare(error));
    return { message, codes: words?.codes ?? [], status };
  }
  const chunk = TypeValidationError.isInstance(error) ? error.value : error instanceof ErrorAnswer ? error.body : error;
  if (chunk instanceof Error) return undefined;
  const words = errorWords(chunk);
  return words;
}

/** The status in words; a body that broke off is none. */
const bare = ({ responseBody, message, statusCode }: APICallError): string =>
  responseBody === undefined ? `The server answered with status ${statusCode}, and no more of it came` : message;

const text = z.union([z.string(), z.number()]).transform(String).catch('');
const errorObject = z.object({ message: text, msg: text, detail: text, code: text, type: text, status: text });

/** `{ error: { message, code, type } }`, what is in it alone, `{ error: "…" }`, `{ message }` or `{ detail }`. */
function errorWords(body: unknown) {
  const holder = z.object({ error: z.unknown() }).safeParse(body).data?.error ?? body;
  if (typeof holder === 'string') return { message: holder, codes: [], status: undefined };
  const { data } = errorObject.safeParse(Array.isArray(holder) ? holder[0] : holder);
  if (!data) return undefined;
  const codes = [data.code, data.type, data.status].filter((code) => code !== '').map((code) => code.toLowerCase());
  const message = data.message || data.msg || data.detail;
  if (!message && codes.length === 0) return undefined;
  const status = codes.map(Number).find((code) => Number.isInteger(code) && code >= 400 && code < 600);
  return { message, codes, status };
}

function parsed(body: string): unknown {
  try {
    return JSON.parse(body);
  } catch {
    return undefined;
  }
}

/** Errors of this side. The SDK's own messages quote what they are about, so only what kind of error it is is told. */
function withoutWords(error: unknown): { kind: FailureKind; message: string } {
  const refusal = refusalOf(error);
  if (refusal) return { kind: 'data', message: `What the model said could not be stored (${refusal})` };
  if (error instanceof UnusableHistory) return { kind: 'history', message: error.message };
  if (error instanceof NotAStream) return { kind: 'network', message: error.message };
  if (error instanceof ErrorAnswer) return { kind: 'network', message: NO_STREAM };
  if (error instanceof StreamCutOff || (InvalidResponseDataError.isInstance(error) && error.data === undefined)) {
    return { kind: 'network', message: 'The answer was cut off: the stream ended without a finish reason' };
  }
  if (JSONParseError.isInstance(error) || TypeValidationError.isInstance(error)) {
    return { kind: 'model', message: 'The model sent a chunk that is not of the form of the protocol' };
  }
  const code = networkCode(error);
  if (APICallError.isInstance(error) && error.statusCode !== undefined) {
    return {
      kind: 'network',
      message: `The connection broke in the middle of the answer (${code ?? 'no reason given'})`,
    };
  }
  if (APICallError.isInstance(error) || code) {
    return { kind: 'network', message: `The model's server could not be reached (${code ?? 'no reason given'})` };
  }
  const name = error instanceof Error ? error.name : typeof error;
  const kind = AISDKError.isInstance(error) && /Prompt|ToolResults/.test(name) ? 'history' : 'model';
  return { kind, message: `The model's answer could not be used (${name})` };
}

/** The system's or undici's code for what happened to a connection, from the error or what caused it. */
function networkCode(error: unknown): string | undefined {
  let cause = error;
  for (let depth = 0; depth < 8 && typeof cause === 'object' && cause !== null; depth += 1) {
    const code = 'code' in cause ? cause.code : undefined;
    if (typeof code === 'string' && /^(E[A-Z]{3,}|UND_ERR_[A-Z_]+|CERT_[A-Z_]+|[A-Z_]*CERT[A-Z_]*)$/.test(code))
      return code;
    cause = 'cause' in cause ? cause.cause : undefined;
  }
  return undefined;
}
