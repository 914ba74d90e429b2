/** The kinds of failure of a turn, in one word each: `kind` of `last_error` and `retry_state`. Pure. */

/** Kinds of failure, and whether the same call may succeed later. */
export const FAILURE_KINDS = {
  /** Too many requests or tokens in too short a time (429). */
  rate_limit: true,
  /** The account has used up its credit or its quota (402). */
  quota: false,
  /** The provider has trouble of its own (5xx). */
  overloaded: true,
  /** The key is missing, wrong, or may not use the model (401, 403). */
  auth: false,
  /** The history is longer than the model takes (413). */
  context_length: false,
  /** The provider refused the content. */
  content_filter: false,
  /** The provider refused the request for any other reason (other 4xx). */
  bad_request: false,
  /** The server was not reached, answered something that is no model's answer, or the answer was cut off. */
  network: true,
  /** The model's answer breaks the protocol: a chunk that is not JSON, a call without a name. */
  model: true,
  /** Postgres refused to store what the model said, or it was too long. */
  data: true,
  /** The history holds content that no model can be called with. */
  history: false,
  /** The turn has had as many steps as `MAX_STEPS` allows. */
  step_limit: false,
  /** The worker's own work on the turn broke off each time. */
  internal: false,
} as const satisfies Readonly<Record<string, boolean>>;

export type FailureKind = keyof typeof FAILURE_KINDS;

/** A provider's words on a failure. */
export interface ProviderWords {
  readonly message: string;
  /** `code` and `type` of its error, in this order, if they were given. */
  readonly codes: readonly string[];
  readonly status: number | undefined;
}

/** Kinds by code, since providers use one status for several things; the first match counts. */
const BY_CODE: readonly [RegExp, FailureKind][] = [
  [
    /context_?(length|window)|string_above_max_length|max_?tokens_exceeded|(prompt|request|input)_too_(long|large)/,
    'context_length',
  ],
  [/insufficient_(quota|funds|credits|balance)|billing|quota_exceeded|payment/, 'quota'],
  [/rate_?limit|too_many_requests|throttl|resource_?exhausted/, 'rate_limit'],
  [/content_?(filter|policy)|safety|moderation|responsible_?ai/, 'content_filter'],
  [/auth|api_?key|permission|forbidden|access_?denied/, 'auth'],
  [/overloaded|server_error|internal|unavailable|timeout|capacity|bad_gateway/, 'overloaded'],
  [/invalid|not_?found|unsupported|bad_?request|unprocessable/, 'bad_request'],
];

/** Words for a history that is too long, for which many servers have no code. */
const TOO_LONG =
  /(prompt|input|request|context).{0,40}\btoo (long|large)|(context|token).{0,20}\b(length|window|limit)\b.{0,60}\bexceed|exceed.{0,60}\b(context|token)|maximum context/i;

export function kindOf({ message, codes, status }: ProviderWords): FailureKind {
  const refused = status === undefined || (status >= 400 && status < 500 && status !== 429);
  const coded = codes
    .map((code) => BY_CODE.find(([pattern]) => pattern.test(code))?.[1])
    .filter((kind) => kind !== undefined);
  // `invalid_request_error` stands beside a code or words that tell more.
  const specific = coded.find((kind) => kind !== 'bad_request');
  if (specific) return specific;
  if (refused && TOO_LONG.test(message)) return 'context_length';
  return (status === undefined ? undefined : kindOfStatus(status)) ?? coded[0] ?? 'model';
}

function kindOfStatus(status: number): FailureKind | undefined {
  if (status === 429) return 'rate_limit';
  if (status === 402) return 'quota';
  if (status === 401 || status === 403 || status === 407) return 'auth';
  if (status === 413) return 'context_length';
  if (status === 408 || status === 425) return 'network';
  if (status >= 500 || status === 409) return 'overloaded';
  return status >= 400 ? 'bad_request' : undefined;
}
