/**
 * Asks for actions. A request whose answer is lost is kept in this browser with its key, over reloads, until it is
 * settled: by the same request again, which acts only once, or by its record.
 */
import { signal } from '@preact/signals';
import { ask, CUT_OFF, codeOf, type Problem } from './ask.ts';
import { nowMs, sleep } from './clock.ts';
import type { Operation } from './operation.ts';
import {
  type Acted,
  type ActionName,
  type ActRecord,
  CancelPendingAction,
  DeleteQueuedMessages,
  DrainReplica,
  InterruptChat,
  ReconcileChat,
  ReleaseChat,
  type ReleaseChatAnswer,
  type ReleaseChatVariables,
  RetryChat,
  SettledAction,
  UndrainReplica,
} from './operations.ts';
import { subject } from './session.ts';

const MUTATIONS: Readonly<Record<ActionName, Operation<ReleaseChatAnswer, ReleaseChatVariables>>> = {
  RELEASE_CHAT: ReleaseChat,
  RECONCILE_CHAT: ReconcileChat,
  INTERRUPT_CHAT: InterruptChat,
  RETRY_CHAT: RetryChat,
  CANCEL_PENDING_ACTION: CancelPendingAction,
  DELETE_QUEUED_MESSAGES: DeleteQueuedMessages,
  DRAIN_REPLICA: DrainReplica,
  UNDRAIN_REPLICA: UndrainReplica,
};

/** State that the person has looked at. */
export interface Expected {
  readonly snapshotVersion?: number | null;
  readonly workerId: string | null;
  readonly runnerId?: string | null;
}

export interface ActionRequest {
  readonly action: ActionName;
  readonly targetId: string;
  readonly expect: Expected;
  readonly reason: string;
  readonly findings: readonly string[];
  readonly idempotencyKey: string;
}

/** A request whose answer has not come. */
export interface Unsettled extends ActionRequest {
  readonly subject: string;
  /** Time at which it was sent, in milliseconds since 1970. */
  readonly atMs: number;
}

export type Came =
  | { readonly kind: 'answered'; readonly outcome: Acted['outcome']; readonly record: ActRecord }
  /** Nothing was done. */
  | { readonly kind: 'refused'; readonly problem: Problem }
  /** It is not known whether it was done. The request is kept. */
  | { readonly kind: 'uncertain'; readonly problem: Problem };

/** Codes after which it is not known whether something was done. An error without one is a proxy's. */
const UNCERTAIN = ['', 'ACTION_UNCERTAIN', 'UNREACHABLE', 'NO_ANSWER', CUT_OFF, 'INTERNAL_SERVER_ERROR'];

/** Tries an action: everything is done and taken back. It has a key of its own, and is not kept. */
export const preview = (request: ActionRequest): Promise<Came> => send(request, true);

/** Takes an action. @returns what came of it; a request that is uncertain is kept */
export async function act(request: ActionRequest): Promise<Came> {
  keep({ ...request, subject: subject.value, atMs: nowMs() });
  const came = await send(request, false);
  if (came.kind !== 'uncertain') forget(request.idempotencyKey);
  return came;
}

async function send({ action, targetId, ...rest }: ActionRequest, dryRun: boolean): Promise<Came> {
  const { data, problems } = await ask(MUTATIONS[action], { id: targetId, ...rest, dryRun });
  if (data?.acted) return { kind: 'answered', ...data.acted };
  const problem = problems[0] ?? { message: 'The gateway answered nothing.', extensions: { code: 'NO_ANSWER' } };
  return { kind: !dryRun && UNCERTAIN.includes(codeOf(problem)) ? 'uncertain' : 'refused', problem };
}

/** Milliseconds for which a lost request may still be on its way. */
const ON_ITS_WAY_MS = 30_000;
const AGAIN_MS = 2_000;

/** How a lost request ended. `open`: the gateway could not be asked, and it is still not known. */
export type Settled =
  | { readonly kind: 'done'; readonly record: ActRecord }
  | { readonly kind: 'nothing' }
  | { readonly kind: 'open'; readonly problem: Problem };

/** Finds out by its record what came of a lost request. A request that may be on its way is waited for. */
export async function settle({ idempotencyKey, atMs }: Unsettled, aborting: AbortSignal): Promise<Settled> {
  for (;;) {
    const { data, problems } = await ask(SettledAction, { idempotencyKey }, aborting);
    const [problem] = problems;
    if (problem || !data) return { kind: 'open', problem: problem ?? { message: 'The gateway answered nothing.' } };
    const { actionRecord: record } = data;
    if (record || nowMs() - atMs > ON_ITS_WAY_MS) {
      forget(idempotencyKey);
      return record ? { kind: 'done', record } : { kind: 'nothing' };
    }
    await sleep(AGAIN_MS, aborting);
    if (aborting.aborted) return { kind: 'open', problem: { message: 'It was not asked to its end.' } };
  }
}

const KEY = 'chat-debug-gateway:unsettled';
/** Most requests that are kept; the oldest makes room. */
const MOST = 20;

function read(): readonly Unsettled[] {
  try {
    const kept: unknown = JSON.parse(localStorage.getItem(KEY) ?? '[]');
    return Array.isArray(kept) ? kept.filter(isUnsettled) : [];
  } catch {
    return [];
  }
}

const isUnsettled = (value: unknown): value is Unsettled => {
  const {
    action,
    targetId,
    expect,
    reason,
    findings,
    idempotencyKey,
    subject: whose,
    atMs,
  } = (value ?? {}) as Record<string, unknown>;
  return (
    [action, targetId, reason, idempotencyKey, whose].every((one) => typeof one === 'string') &&
    [typeof atMs === 'number', typeof expect === 'object' && expect !== null, Array.isArray(findings)].every(Boolean) &&
    String(action) in MUTATIONS
  );
};

const kept = signal(read());

/** Requests of this person whose answers have not come. */
export const unsettledOf = (targetId?: string): readonly Unsettled[] =>
  kept.value.filter((one) => one.subject === subject.value && (targetId === undefined || one.targetId === targetId));

function keep(request: Unsettled): void {
  write([...read().filter(({ idempotencyKey }) => idempotencyKey !== request.idempotencyKey), request].slice(-MOST));
}

function forget(idempotencyKey: string): void {
  write(read().filter((one) => one.idempotencyKey !== idempotencyKey));
}

function write(requests: readonly Unsettled[]): void {
  kept.value = requests;
  try {
    localStorage.setItem(KEY, JSON.stringify(requests));
  } catch {
    // A browser that keeps nothing holds them until the page is closed.
  }
}
