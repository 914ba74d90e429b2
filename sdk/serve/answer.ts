/** Answers of runtime protocol 1, as data: a request in, status, headers and body out. It does no input or output. */
import type { ChatsAnswer, Problem, ReplicaAnswer } from '../../domain/protocol/answers.ts';
import { CHATS_PATH, MAX_CHATS_ASKED, MAX_RUNNERS_LISTED, REPLICA_PATH } from '../../domain/protocol/paths.ts';
import type { RuntimeSource } from './source.ts';
import { checkBearer, type Trust } from './token.ts';

/** Limit for the body of a question: a hundred ids are 4 kB. */
export const MAX_QUESTION_BYTES = 65_536;

interface ProtocolRequest {
  readonly method: string;
  /** Path with the query string, under any prefix. */
  readonly url: string;
  /** Header `authorization`. */
  readonly authorization: string | undefined;
  /** Text of the body, or what a framework has made of it already. */
  readonly body?: unknown;
}

export interface ProtocolResponse {
  readonly status: number;
  readonly headers: Readonly<Record<string, string>>;
  readonly body: string;
}

/** Answers a request; undefined: its path is none of the protocol's. Never throws. */
export type AnswerProtocol = (request: ProtocolRequest) => ProtocolResponse | undefined;

/** @throws TypeError if neither key is set, since a worker's memory is for nobody else; or if the shared one is too weak */
export function makeAnswer(source: RuntimeSource, trust: Trust): AnswerProtocol {
  if (!trust.internalSecret && !trust.key) {
    throw new TypeError('Give internalSecret (INTERNAL_SECRET of the gateway) or key (its RUNTIME_KEY).');
  }
  if (trust.key && !/^[\x21-\x7e]{32,}$/.test(trust.key)) {
    throw new TypeError('key must have at least 32 letters, digits or signs, without blanks.');
  }
  return (request) => {
    const path = pathOf(request.url);
    if (path === undefined) return undefined;
    try {
      return refusalOf(source, trust, path, request) ?? told(source, path, request);
    } catch {
      return problem(500, 'The worker failed', 'Its own log may say why.');
    }
  };
}

type Path = typeof REPLICA_PATH | typeof CHATS_PATH;

/** True if a URL is one of the protocol's. */
export const isProtocolUrl = (url: string): boolean => pathOf(url) !== undefined;

function pathOf(url: string): Path | undefined {
  const [path = ''] = url.split('?', 1);
  return ([REPLICA_PATH, CHATS_PATH] as const).find((one) => path.endsWith(`/${one}`));
}

function refusalOf(
  source: RuntimeSource,
  trust: Trust,
  path: Path,
  { method, authorization }: ProtocolRequest,
): ProtocolResponse | undefined {
  const check = checkBearer(trust, source.workerId, authorization, source.now());
  if (check === 'bad') {
    const detail =
      'Send the token that the gateway signs for this worker, or the shared key, as `Authorization: Bearer …`.';
    return problem(401, 'No token that is taken', detail, { 'www-authenticate': 'Bearer' });
  }
  if (check === 'other') {
    const detail = `This is worker ${source.workerId}, not the one that the token is for.`;
    return problem(421, 'Another worker', detail, {}, { workerId: source.workerId });
  }
  const allow = path === REPLICA_PATH ? 'GET' : 'POST';
  if (method === allow) return undefined;
  return problem(405, `${allow} only`, `This path is asked by ${allow}, and by nothing else.`, { allow });
}

function told(source: RuntimeSource, path: Path, { url, body }: ProtocolRequest): ProtocolResponse {
  const said = {
    workerId: source.workerId,
    observedAt: source.now().toISOString(),
    eventLoopDelayMs: source.eventLoopDelayMs(),
  };
  if (path === REPLICA_PATH) {
    const runners = runnersAsked(url);
    if (runners === undefined) {
      return problem(400, 'No such number', `runners must be a whole number from 0 to ${MAX_RUNNERS_LISTED}.`);
    }
    return json(200, { ...said, ...source.replica(runners) } satisfies ReplicaAnswer);
  }
  const chatIds = chatIdsIn(body);
  if (typeof chatIds === 'string') return problem(400, 'Not a question', chatIds);
  const chats = chatIds.map((chatId) => ({ chatId, ...source.chat(chatId) }));
  return json(200, { ...said, chats } satisfies ChatsAnswer);
}

function runnersAsked(url: string): number | undefined {
  const asked = new URLSearchParams(url.split('?')[1] ?? '').get('runners') ?? '0';
  return /^\d{1,4}$/.test(asked) && Number(asked) <= MAX_RUNNERS_LISTED ? Number(asked) : undefined;
}

const UUID = /^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$/i;

/** Ids in lower case, each once; or what is wrong with the body. */
function chatIdsIn(body: unknown): string[] | string {
  const question: unknown = typeof body === 'string' ? parsed(body) : body;
  const ids = typeof question === 'object' && question !== null && 'chatIds' in question ? question.chatIds : undefined;
  if (!Array.isArray(ids)) return 'The body must be JSON such as {"chatIds": ["…"]}.';
  if (ids.length > MAX_CHATS_ASKED)
    return `At most ${MAX_CHATS_ASKED} chats are asked for at once, received ${ids.length}.`;
  const odd = ids.findIndex((id) => typeof id !== 'string' || !UUID.test(id));
  if (odd >= 0) return `chatIds[${odd}] is no UUID.`;
  return [...new Set(ids.map((id: string) => id.toLowerCase()))];
}

function parsed(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}

/** A refusal (RFC 9457). */
export function problem(
  status: number,
  title: string,
  detail: string,
  headers: Readonly<Record<string, string>> = {},
  more: Partial<Problem> = {},
): ProtocolResponse {
  const body = JSON.stringify({ title, status, detail, ...more } satisfies Problem);
  return { status, headers: { ...NEVER_KEPT, 'content-type': 'application/problem+json', ...headers }, body };
}

const NEVER_KEPT = { 'cache-control': 'no-store' };

const json = (status: number, body: object): ProtocolResponse => ({
  status,
  headers: { ...NEVER_KEPT, 'content-type': 'application/json' },
  body: JSON.stringify(body, asNumber),
});

/** Members that come from columns of big integers. */
const BIG_INTEGERS = ['snapshotVersion', 'historyVersion', 'generationAttempt'];

/** A database's big integers are told as numbers, also the texts that some drivers make of them: JSON has no others. */
function asNumber(name: string, value: unknown): unknown {
  const isDigits = typeof value === 'string' && BIG_INTEGERS.includes(name) && /^\d+$/.test(value);
  return typeof value === 'bigint' || isDigits ? Number(value) : value;
}
