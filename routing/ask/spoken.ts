/**
 * The language of each replica: GraphQL, or runtime protocol 1.
 * By `auto`, a replica is asked in GraphQL. If what comes back is no answer of a replica, or nothing comes in half of the time,
 * it is probed for the protocol. What it speaks is remembered by its id, which is new on each start. All who ask meanwhile wait
 * for the same probe. What it was found to speak is forgotten when it gives no answer in that language.
 */
import { LRUCache } from 'lru-cache';
import { type Clock, whenOver } from '../../common/clock.ts';
import { Stop, type StopSignal } from '../../common/stopSignal.ts';
import type { ShareAnswer } from './share.ts';

/** Setting: one language for all, or as each replica speaks. */
export type RuntimeProtocol = 'auto' | 'graphql' | 'v1';

/** Replicas whose language is remembered. */
const MAX_REPLICAS = 2_000;
/** Milliseconds until a replica that spoke neither is probed again. */
const PROBE_AGAIN_MS = 10_000;

interface Ways {
  /** @param signal ends it before the others */
  graphql(signal: StopSignal): Promise<ShareAnswer>;
  v1(): Promise<ShareAnswer>;
  /** Whether it speaks the protocol. Undefined: there was no time to find out. */
  probe(): Promise<boolean | undefined>;
  /** Ends all of them, and the wait for a probe of others. */
  readonly signal: StopSignal;
  /** Milliseconds after which a replica that has not answered in GraphQL is probed. */
  readonly patienceMs: number;
}

interface Probe {
  readonly atMs: number;
  readonly found: Promise<boolean | undefined>;
}

export interface SpokenLanguages {
  /** Asks a replica in its language. */
  ask(replicaId: string, ways: Ways): Promise<ShareAnswer>;
}

export function makeSpokenLanguages(setting: RuntimeProtocol, clock: Clock): SpokenLanguages {
  const spoken = new LRUCache<string, 'graphql' | 'v1'>({ max: MAX_REPLICAS });
  const probes = new LRUCache<string, Probe>({ max: MAX_REPLICAS });
  const speaksProtocol = async (replicaId: string, { probe, signal }: Ways): Promise<boolean> => {
    const last = probes.get(replicaId);
    const isLate = !last || clock.monotonicMs() - last.atMs >= PROBE_AGAIN_MS;
    const found = isLate ? undefined : await within(last.found, signal);
    if (found !== undefined || signal.aborted) return found ?? false;
    const own: Probe = { atMs: clock.monotonicMs(), found: probe().catch(() => undefined) };
    probes.set(replicaId, own);
    const speaks = await own.found;
    if (speaks === undefined && probes.get(replicaId) === own) probes.delete(replicaId); // others may have more time
    return speaks ?? false;
  };
  return {
    ask: async (replicaId, ways) => {
      const known = setting === 'auto' ? spoken.get(replicaId) : setting;
      if (known) {
        const answer = await (known === 'graphql' ? ways.graphql(ways.signal) : ways.v1());
        if (known === 'v1' && setting === 'auto' && maySpeakOther(answer) && answer.cause !== 'token') {
          spoken.delete(replicaId);
          probes.delete(replicaId);
        }
        return answer;
      }
      const asked = new Stop();
      const stopListening = whenOver(undefined, ways.signal, () => asked.abort());
      try {
        const answering = ways.graphql(asked);
        const first = await firstOf(answering, ways, () => speaksProtocol(replicaId, ways));
        if (first === 'v1') {
          spoken.set(replicaId, 'v1');
          asked.abort();
          return withAttempts(await ways.v1(), 1);
        }
        if (first.outcome.status === 'OK') spoken.set(replicaId, 'graphql');
        if (!maySpeakOther(first) || !(await speaksProtocol(replicaId, ways))) return first;
        spoken.set(replicaId, 'v1');
        return withAttempts(await ways.v1(), first.attempts);
      } finally {
        stopListening();
      }
    },
  };
}

/** The answer, with what was sent before it: questions in GraphQL, and the probe. */
const withAttempts = (answer: ShareAnswer, before: number): ShareAnswer => ({
  ...answer,
  attempts: answer.attempts && answer.attempts + before + 1,
});

/** The answer in GraphQL; or `v1` once one that keeps silent is found to speak the protocol. */
async function firstOf(
  answering: Promise<ShareAnswer>,
  { signal, patienceMs }: Pick<Ways, 'signal' | 'patienceMs'>,
  speaksProtocol: () => Promise<boolean>,
): Promise<ShareAnswer | 'v1'> {
  const soon = await within(answering, signal, patienceMs);
  if (soon || signal.aborted) return soon ?? answering;
  const probe = async () => ((await speaksProtocol()) ? ('v1' as const) : answering);
  return Promise.race([answering, probe()]);
}

/** Result, or undefined once the signal aborts, or the time is over. */
const within = <T>(result: Promise<T>, signal: StopSignal, ms?: number): Promise<T | undefined> =>
  new Promise((resolve, reject) => {
    const stopListening = whenOver(ms, signal, () => resolve(undefined));
    result.finally(stopListening).then(resolve, reject);
  });

/** True for an answer of a server that may know no GraphQL, or a GraphQL of its own. */
const maySpeakOther = ({ outcome: { status }, cause, attempts }: ShareAnswer): boolean =>
  attempts > 0 && (status === 'BAD_ANSWER' || cause === 'version');
