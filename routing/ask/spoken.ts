/**
 * The language of each replica: GraphQL, or runtime protocol 1.
 * By `auto`, a replica is asked in GraphQL. If what comes back is no answer of a replica, it is probed for the protocol,
 * and what it speaks is remembered by its id, which is new on each start. All who ask meanwhile wait for the same probe. What
 * it was found to speak is forgotten when it gives no answer in that language.
 */
import { LRUCache } from 'lru-cache';
import { type Clock, whenOver } from '../../common/clock.ts';
import type { StopSignal } from '../../common/stopSignal.ts';
import type { ShareAnswer } from './share.ts';

/** Setting: one language for all, or as each replica speaks. */
export type RuntimeProtocol = 'auto' | 'graphql' | 'v1';

/** Replicas whose language is remembered. */
const MAX_REPLICAS = 2_000;
/** Milliseconds until a replica that spoke neither is probed again. */
const PROBE_AGAIN_MS = 10_000;

interface Ways {
  graphql(): Promise<ShareAnswer>;
  v1(): Promise<ShareAnswer>;
  /** Whether it speaks the protocol. Undefined: there was no time to find out. */
  probe(): Promise<boolean | undefined>;
  /** Ends the wait for a probe of others. */
  readonly signal: StopSignal;
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
        const answer = await ways[known]();
        if (known === 'v1' && setting === 'auto' && maySpeakOther(answer) && answer.cause !== 'token') {
          spoken.delete(replicaId);
          probes.delete(replicaId);
        }
        return answer;
      }
      const first = await ways.graphql();
      if (first.outcome.status === 'OK') spoken.set(replicaId, 'graphql');
      if (!maySpeakOther(first) || !(await speaksProtocol(replicaId, ways))) return first;
      spoken.set(replicaId, 'v1');
      const second = await ways.v1();
      return { ...second, attempts: second.attempts && second.attempts + first.attempts + 1 };
    },
  };
}

/** Result, or undefined once the signal aborts. */
const within = (found: Probe['found'], signal: StopSignal): Probe['found'] =>
  new Promise((resolve) => {
    const stopListening = whenOver(undefined, signal, () => resolve(undefined));
    void found.then((value) => {
      stopListening();
      resolve(value);
    });
  });

/** True for an answer of a server that may know no GraphQL, or a GraphQL of its own. */
const maySpeakOther = ({ outcome: { status }, cause, attempts }: ShareAnswer): boolean =>
  attempts > 0 && (status === 'BAD_ANSWER' || cause === 'version');
