/**
 * The language of each replica: GraphQL, or runtime protocol 1.
 * By `auto`, a replica is asked in GraphQL. If what comes back is no answer of a replica, it is probed for the protocol,
 * and what it speaks is remembered by its id, which is new on each start.
 */
import { LRUCache } from 'lru-cache';
import type { Clock } from '../../common/clock.ts';
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
  /** True if it speaks the protocol. */
  probe(): Promise<boolean>;
}

export interface SpokenLanguages {
  /** Asks a replica in its language. */
  ask(replicaId: string, ways: Ways): Promise<ShareAnswer>;
}

export function makeSpokenLanguages(setting: RuntimeProtocol, clock: Clock): SpokenLanguages {
  const spoken = new LRUCache<string, 'graphql' | 'v1'>({ max: MAX_REPLICAS });
  const probedAtMs = new LRUCache<string, number>({ max: MAX_REPLICAS });
  const mayProbe = (replicaId: string) => {
    const atMs = probedAtMs.get(replicaId);
    return atMs === undefined || clock.monotonicMs() - atMs >= PROBE_AGAIN_MS;
  };
  return {
    ask: async (replicaId, ways) => {
      const known = setting === 'auto' ? spoken.get(replicaId) : setting;
      if (known) return ways[known]();
      const first = await ways.graphql();
      if (first.outcome.status === 'OK') spoken.set(replicaId, 'graphql');
      if (!maySpeakOther(first) || !mayProbe(replicaId)) return first;
      probedAtMs.set(replicaId, clock.monotonicMs());
      if (!(await ways.probe())) return first;
      spoken.set(replicaId, 'v1');
      const second = await ways.v1();
      return { ...second, attempts: second.attempts && second.attempts + first.attempts + 1 };
    },
  };
}

/** True for an answer of a server that may know no GraphQL, or a GraphQL of its own. */
const maySpeakOther = ({ outcome: { status }, cause, attempts }: ShareAnswer): boolean =>
  attempts > 0 && (status === 'BAD_ANSWER' || cause === 'version');
