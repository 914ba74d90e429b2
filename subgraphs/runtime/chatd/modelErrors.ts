/** A failure of the model in the form of `chats.last_error`: short, and without bodies of requests and answers. */
import {
  AISDKError,
  APICallError,
  InvalidResponseDataError,
  JSONParseError,
  TypeValidationError,
} from '@ai-sdk/provider';
import * as z from 'zod';
import { parsedJson } from '../../../common/json.ts';
import type { LastError } from '../../../domain/messages.ts';
import { providerWords } from '../../../domain/providerWords.ts';
import { AnswerTooLong, ErrorAnswer, NotAStream, StreamCutOff } from './answerErrors.ts';
import { toldDelayMs } from './backoff.ts';
import { FAILURE_KINDS, type FailureKind, kindOf, type ProviderWords } from './failureKinds.ts';
import { UnusableHistory } from './history.ts';
import { refusalOf } from './refusedData.ts';

export function describeFailure(error: unknown, provider: string): LastError {
  const said = saidBy(error);
  if (!said) {
    const { kind, message } = withoutWords(error);
    return failure(kind, message, provider, error instanceof NotAStream ? error.status : undefined);
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
 * Milliseconds for which the provider wants not to be asked; undefined: it did not say.
 * @param now wall time of this machine, for a provider that names a time and does not give its own
 */
export const askedToWaitMs = (error: unknown, now: Date): number | undefined =>
  APICallError.isInstance(error) ? toldDelayMs(error.responseHeaders ?? {}, now) : undefined;

/** Provider's own words, in its answer or in a chunk of its stream; undefined: none. */
function saidBy(error: unknown): ProviderWords | undefined {
  if (APICallError.isInstance(error)) return saidByStatus(error);
  if (TypeValidationError.isInstance(error)) return errorWords(error.value);
  if (error instanceof ErrorAnswer) return errorWords(error.body);
  return error instanceof Error ? undefined : errorWords(error);
}

function saidByStatus({
  statusCode: status,
  responseBody = '',
  message,
  cause,
}: APICallError): ProviderWords | undefined {
  if (status === undefined || status < 400) return undefined;
  const words = wordsInBody(responseBody);
  if (words) return { ...words, status };
  // The SDK's own message is the status in words, unless it met a body that broke off.
  const isHtml = /^\s*</.test(responseBody);
  const instead = isHtml ? ', with HTML' : cause !== undefined ? ', and no more of it came' : undefined;
  return { message: instead ? `The server answered with status ${status}${instead}` : message, codes: [], status };
}

/** Words for errors of this side. The SDK's own messages quote content, so only the kind of error is told. */
function withoutWords(error: unknown): { kind: FailureKind; message: string } {
  const cause = APICallError.isInstance(error) ? error.cause : error; // the SDK wraps what comes before the first part
  const refusal = cause instanceof AnswerTooLong ? cause.message : refusalOf(error);
  if (refusal) return { kind: 'data', message: `What the model said could not be stored (${refusal})` };
  if (error instanceof UnusableHistory) return { kind: 'history', message: error.message };
  if (codeIn(error, OF_DECODING)) return { kind: 'network', message: UNDECODABLE };
  if (error instanceof NotAStream || error instanceof ErrorAnswer) return { kind: 'network', message: error.message };
  if (error instanceof StreamCutOff || (InvalidResponseDataError.isInstance(error) && error.data === undefined)) {
    return { kind: 'network', message: 'The answer was cut off: the stream ended without a finish reason' };
  }
  if (JSONParseError.isInstance(error) || TypeValidationError.isInstance(error)) {
    return { kind: 'model', message: 'The model sent a chunk that is not of the form of the protocol' };
  }
  const code = codeIn(error, OF_THE_NETWORK);
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
  const what = kind === 'history' ? 'The history cannot be given to a model' : "The model's answer could not be used";
  return { kind, message: `${what} (${name})` };
}

const UNDECODABLE = 'The answer could not be decoded: it is not in the content-encoding that the server names';
/** Codes of zlib and of brotli, which have a form of their own. */
const OF_DECODING = /^(Z_[A-Z_]+|ERR_[A-Z]*_ERROR_[A-Z0-9_]+)$/;
/** Codes of the system and of undici for a failed connection. */
const OF_THE_NETWORK = /^(E[A-Z]{3,}|UND_ERR_[A-Z_]+|CERT_[A-Z_]+|[A-Z_]*CERT[A-Z_]*)$/;

/** Code of the error or of its cause, if it fits the pattern. */
function codeIn(error: unknown, pattern: RegExp): string | undefined {
  let cause = error;
  for (let depth = 0; depth < 8 && typeof cause === 'object' && cause !== null; depth += 1) {
    const code = 'code' in cause ? cause.code : undefined;
    if (typeof code === 'string' && pattern.test(code)) return code;
    cause = 'cause' in cause ? cause.cause : undefined;
  }
  return undefined;
}

/** Member of an error in any form that servers use, as a text; empty for another. */
const text = z.union([z.string(), z.number()]).transform(String).catch('');
const errorObject = z.object({ message: text, msg: text, detail: text, code: text, type: text, status: text });

/**
 * Words in `{ error: { message, code, type } }` or in its content alone.
 * They may also stand in `{ error: "…" }`, `{ message }`, `{ detail }`, or in a list of one.
 */
function errorWords(body: unknown): ProviderWords | undefined {
  const only: unknown = Array.isArray(body) ? body[0] : body;
  const holder = z.object({ error: z.unknown() }).safeParse(only).data?.error ?? only;
  if (typeof holder === 'string') return { message: holder, codes: [], status: undefined };
  const { data } = errorObject.safeParse(holder);
  if (!data) return undefined;
  const codes = [data.code, data.type, data.status].filter((code) => code !== '').map((code) => code.toLowerCase());
  const message = data.message || data.msg || data.detail;
  if (!message && codes.length === 0) return undefined;
  const status = codes.map(Number).find((code) => Number.isInteger(code) && code >= 400 && code < 600);
  return { message, codes, status };
}

/** Words in the text of a body. */
const wordsInBody = (body: string): ProviderWords | undefined => errorWords(parsedJson(body));
