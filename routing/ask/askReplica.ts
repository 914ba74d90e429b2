/** Asks one replica for its share of a list of entities: where it was found, within its limits, as far as its version goes. */
import type { StopSignal } from '../../common/stopSignal.ts';
import { cut } from '../../domain/cut.ts';
import type { Logger } from '../../server/log.ts';
import { mayReadAll } from '../../server/tokens/internalToken.ts';
import type { EarlierVersions } from './earlierVersions.ts';
import { endpointAt } from './endpoint.ts';
import type { Judgement, ReplicaGuard, ReplicaGuards } from './replicaGuard.ts';
import type { RoutingEntry } from './routingContext.ts';
import { probe, sendProtocol } from './sendProtocol.ts';
import { type Fetching, type SendOptions, sendShare } from './sendShare.ts';
import {
  chatIdsOf,
  type ReplicaPlace,
  type Share,
  type ShareAnswer,
  shownMs,
  withOutcome,
  withoutAnswer,
} from './share.ts';
import type { SpokenLanguages } from './spoken.ts';

/** Limit for a text from outside. */
const MAX_LOGGED_CHARACTERS = 500;

export interface AskOptions extends SendOptions {
  readonly directory: {
    lookUpAnew(replicaId: string, signal: StopSignal): Promise<ReplicaPlace>;
    ageMs(): number | null;
  };
  readonly guards: ReplicaGuards;
  readonly earlierVersions: EarlierVersions;
  readonly languages: SpokenLanguages;
  /** Told each time that a replica was asked, or could not be. Must not throw. */
  readonly onAsked?: ((asked: RoutingEntry) => void) | undefined;
  readonly log: Logger;
}

/** @param where what the directory holds of the share's replica */
export type AskReplica = (fetching: Fetching, share: Share, where: ReplicaPlace) => Promise<ShareAnswer>;

/** Rejects for defects only. */
export function makeAskReplica(options: AskOptions): AskReplica {
  const { directory, guards, onAsked } = options;
  return async (fetching, share, where) => {
    const { replicaId } = share;
    const { asked, caller } = fetching.context;
    const guard = guards.of(replicaId);
    const maySeeAddress = mayReadAll(caller);
    const known = 'address' in where ? where.address : null;
    const answer = withOutcome(await ask(options, guard, fetching, share, where), {
      address: maySeeAddress ? known : null,
    });
    const { status, elapsedMs } = answer.outcome;
    const ageMs = directory.ageMs();
    const entry: RoutingEntry = {
      ...{ replicaId, chatIds: chatIdsOf(share.representations), status, attempts: answer.attempts, elapsedMs },
      ...{ breaker: guard.breaker(), directoryAgeMs: ageMs === null ? null : shownMs(ageMs) },
      ...(maySeeAddress && { address: known }),
    };
    asked.push(entry);
    onAsked?.(entry);
    return answer;
  };
}

async function ask(
  options: AskOptions,
  guard: ReplicaGuard,
  fetching: Fetching,
  share: Share,
  where: ReplicaPlace,
): Promise<ShareAnswer> {
  const { clock, timeoutMs, directory, earlierVersions, languages, log } = options;
  const { signal, context, request, schema } = fetching;
  const { replicaId } = share;
  switch (where.status) {
    case 'UNKNOWN_REPLICA':
      return withoutAnswer(share, 'UNKNOWN_REPLICA', 'The replica table does not hold it.');
    case 'STOPPED':
      return withoutAnswer(share, 'STOPPED', STOPPED);
    case 'UNREACHABLE':
      return signal.aborted
        ? withoutAnswer(
            share,
            'TIMED_OUT',
            `Where it is could not be read from the database within ${timeoutMs} ms; nothing was sent.`,
          )
        : withoutAnswer(share, 'UNREACHABLE', 'Where it is could not be read from the database; nothing was sent.');
  }
  if (signal.aborted)
    return withoutAnswer(share, 'TIMED_OUT', `Nothing was left of the ${timeoutMs} ms; nothing was sent.`);
  const { address, version } = where;
  const url = endpointAt(address);
  if (typeof url === 'string') return withoutAnswer(share, 'UNREACHABLE', url);

  const begunMs = clock.monotonicMs();
  const leftMs = context.budget.leftMs();
  const isFair = leftMs * 2 >= timeoutMs;
  const { slots } = guard;
  const versioned = { schema, query: request.query, version, replicaId };
  const ways = {
    ...{ signal, patienceMs: leftMs / 2 },
    graphql: (signal: StopSignal) =>
      earlierVersions.send(versioned, (query) =>
        sendShare(options, slots, { ...fetching, signal }, share, { url, query }),
      ),
    v1: () => sendProtocol(options, slots, fetching, share, address),
    probe: () => probe(options, slots, fetching, share, address),
  };
  const tried = await guard.run(
    () => languages.ask(replicaId, ways),
    (answer) => judge(answer, context.signal.aborted, isFair),
  );
  if (tried === 'open') return withoutAnswer(share, 'CIRCUIT_OPEN', OPEN);
  const { status } = tried.outcome;
  if (tried.attempts === 0) {
    if (status === 'UNREACHABLE' && guard.firstComplaint()) {
      log.error({ replicaId }, 'a relay address is not one that REPLICA_ADDRESS_ALLOW allows');
    }
    return tried;
  }
  const answer = withOutcome(tried, { elapsedMs: shownMs(clock.monotonicMs() - begunMs) });
  logErrors(log, context.requestId, answer);
  if (status !== 'UNREACHABLE') return answer;
  const now = await directory.lookUpAnew(replicaId, signal);
  return now.status === 'STOPPED' ? withOutcome(answer, { status: 'STOPPED', reason: STOPPED }) : answer;
}

const STOPPED = 'It has stopped in order.';
const OPEN = 'It failed several times in a row, and is left alone for a second; nothing was sent.';

function logErrors(log: Logger, requestId: string, { share: { replicaId }, errors }: ShareAnswer): void {
  if (!errors[0]) return;
  const { length, 0: first } = errors;
  const message = cut(first.message, MAX_LOGGED_CHARACTERS);
  log.warn({ requestId, replicaId, errors: length, first: message }, 'a replica answered with errors');
}

/**
 * Judges a replica by its answer; a refusal is the answer of a healthy one. These say nothing about it:
 *
 * - a client that went away;
 * - a token that is not taken;
 * - a time limit that other replicas had mostly used up: a slow one must not take healthy ones with it.
 */
function judge({ outcome: { status }, attempts, cause }: ShareAnswer, isGone: boolean, isFair: boolean): Judgement {
  if (status === 'OK' || status === 'REFUSED') return 'good';
  if (attempts === 0 || isGone || cause === 'token') return 'neutral';
  return status === 'TIMED_OUT' && !isFair ? 'neutral' : 'bad';
}
