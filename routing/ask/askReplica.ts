/** Asks one replica for its share of a list of entities: where it was found, within its limits, a second time if it is slow. */

import type { Logger } from '../../server/log.ts';
import { mayReadAll } from '../../server/tokens/internalToken.ts';
import type { EarlierVersions } from '../earlierVersions.ts';
import { chatIdsOf, type Share, type ShareAnswer } from '../entityRouting.ts';
import { type Outcome, type ReachabilityStatus, shownMs } from '../outcome.ts';
import type { Entities } from '../replicaAnswer.ts';
import type { Found, ReplicaDirectory } from '../replicaDirectory.ts';
import type { RoutingContext } from '../routingContext.ts';
import type { ReplicaGuard, ReplicaGuards, Verdict } from './replicaGuard.ts';
import { endpointAt, type Fetching, type SendOptions, type Sent, sendShare } from './sendShare.ts';

/** Of a text from outside. */
const MAX_LOGGED_CHARACTERS = 500;

/** What came of asking a replica once; `elapsedMs` 0: nothing was sent. */
export interface AskedReplica {
  readonly replicaId: string;
  readonly status: ReachabilityStatus;
  readonly elapsedMs: number;
}

export interface AskOptions extends SendOptions {
  readonly directory: ReplicaDirectory;
  readonly guards: ReplicaGuards;
  readonly earlierVersions: EarlierVersions;
  /** Called after each. Must not throw. */
  readonly onAsked?: ((asked: AskedReplica) => void) | undefined;
  readonly log: Logger;
}

/** @param where what the directory holds of the share's replica */
export type AskReplica = (fetching: Fetching, share: Share, where: Found) => Promise<ShareAnswer>;

/** Rejects for defects only. */
export function makeAskReplica(options: AskOptions): AskReplica {
  const { directory, guards, onAsked } = options;
  return async (fetching, share, where) => {
    const { replicaId } = share;
    const { asked, caller } = fetching.context;
    const guard = guards.of(replicaId);
    const { answer, attempts } = await ask(options, guard, fetching, share, where);
    const { status, elapsedMs } = answer.outcome;
    const ageMs = directory.ageMs();
    asked.push({
      ...{ replicaId, chatIds: chatIdsOf(share.representations), status, attempts, elapsedMs },
      ...{ breaker: guard.breaker(), directoryAgeMs: ageMs === null ? null : shownMs(ageMs) },
      ...(mayReadAll(caller) && { address: 'address' in where ? where.address : null }),
    });
    onAsked?.({ replicaId, status, elapsedMs });
    return answer;
  };
}

interface Asked {
  readonly answer: ShareAnswer;
  /** How often it was sent something. */
  readonly attempts: number;
}

async function ask(
  options: AskOptions,
  guard: ReplicaGuard,
  fetching: Fetching,
  share: Share,
  where: Found,
): Promise<Asked> {
  const { clock, timeoutMs, directory, earlierVersions, log } = options;
  const { signal, context, request, schema } = fetching;
  const outcome = (status: ReachabilityStatus, elapsedMs: number, reason: string | null): Outcome => ({
    ...{ status, elapsedMs, reason },
    address: 'address' in where && mayReadAll(context.caller) ? where.address : null,
  });
  const notSent = (status: ReachabilityStatus, reason: string): Asked => ({
    answer: { kind: 'unanswered', outcome: outcome(status, 0, reason) },
    attempts: 0,
  });
  if (where.kind === 'unknown') return notSent('UNKNOWN_REPLICA', 'The replica table does not hold it.');
  if (where.kind === 'stopped') return notSent('STOPPED', STOPPED);
  if (where.kind === 'unread') {
    return signal.aborted
      ? notSent('TIMED_OUT', `Where it is could not be read within ${timeoutMs} ms; nothing was sent.`)
      : notSent('UNREACHABLE', 'Where it is could not be read; nothing was sent.');
  }
  if (signal.aborted) return notSent('TIMED_OUT', `Nothing was left of the ${timeoutMs} ms; nothing was sent.`);
  const url = endpointAt(where.address);
  if (typeof url === 'string') return notSent('UNREACHABLE', url);

  const begunMs = clock.monotonicMs();
  const allowedMs = context.budget.leftMs();
  const versioned = { schema, query: request.query ?? '', version: where.version, replicaId: share.replicaId };
  const tried = await guard.run(
    () => earlierVersions.send(versioned, (query) => sendShare(options, guard.slots, fetching, share, { url, query })),
    (sent) => judge(sent, { isGone: context.signal.aborted, isFair: allowedMs * 2 >= timeoutMs }),
  );
  if (tried === 'open') return notSent('CIRCUIT_OPEN', OPEN);
  const { answer, attempts, isSent, isWithoutNewer } = tried;
  if (!isSent && answer.kind !== 'OK') {
    if (answer.kind === 'UNREACHABLE' && guard.firstComplaint()) {
      log.error({ replicaId: share.replicaId }, 'a relay address is not one that REPLICA_ADDRESS_ALLOW allows');
    }
    return notSent(answer.kind, answer.reason);
  }
  const elapsedMs = shownMs(clock.monotonicMs() - begunMs);
  if (answer.kind === 'OK') {
    logErrors(log, context, share, answer);
    const answered = { ...answer, kind: 'answered', outcome: outcome('OK', elapsedMs, null) } as const;
    return { answer: isWithoutNewer ? { ...answered, withheld: otherVersion(where.version) } : answered, attempts };
  }
  const unanswered = (status: ReachabilityStatus, reason: string): Asked => ({
    answer: { kind: 'unanswered', outcome: outcome(status, elapsedMs, reason), fields: answer.fields ?? {} },
    attempts,
  });
  if (answer.isOfVersion) return unanswered('REFUSED', otherVersion(where.version));
  if (answer.kind === 'UNREACHABLE') {
    const now = await directory.lookUpAnew(share.replicaId, signal);
    if (now.kind === 'stopped') return unanswered('STOPPED', STOPPED);
  }
  return unanswered(answer.kind, answer.reason);
}

const STOPPED = 'It has stopped in order.';
/** Each start of a replica has a new id, so the version in the row of that id is the one that runs. */
const otherVersion = (version: string | undefined) =>
  `It runs ${version === undefined ? 'a version that' : `version ${version}, which`} does not know all that was asked.`;
const OPEN = 'It failed several times in a row, and is left alone for a second; nothing was sent.';

function logErrors(log: Logger, { requestId }: RoutingContext, { replicaId }: Share, { errors }: Entities): void {
  if (!errors[0]) return;
  const { length, 0: first } = errors;
  const message = first.message.slice(0, MAX_LOGGED_CHARACTERS);
  log.warn({ requestId, replicaId, errors: length, first: message }, 'a replica answered with errors');
}

/**
 * A refusal is an answer of a replica that is well. A client that went away says nothing, nor does a token that is not taken,
 * nor a time limit of which other replicas had used up the better part: a slow one must not take the healthy ones with it.
 */
function judge({ answer, isSent }: Sent, { isGone, isFair }: { isGone: boolean; isFair: boolean }): Verdict {
  if (answer.kind === 'OK' || answer.kind === 'REFUSED') return 'good';
  if (!isSent || isGone || answer.isOfToken) return 'neutral';
  return answer.kind === 'TIMED_OUT' && !isFair ? 'neutral' : 'bad';
}
