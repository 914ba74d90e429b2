/**
 * The replicas, as a process that routes sees them: connections, directory, limits and breakers, for as long as it runs. What
 * it routes may change meanwhile; what it knows of the replicas stays.
 */
import type { Clock } from '../common/clock.ts';
import type { PlatformName } from '../domain/platformName.ts';
import type { Logger } from '../server/log.ts';
import { makeAddressPolicy, makeGuardedConnector } from './ask/addressPolicy.ts';
import { type AskOptions, makeAskReplica } from './ask/askReplica.ts';
import { makeEarlierVersions } from './ask/earlierVersions.ts';
import { MAX_REPLICA_ANSWER_BYTES } from './ask/replicaAnswer.ts';
import { type BreakerState, makeReplicaGuards } from './ask/replicaGuard.ts';
import { makeBudget, type RoutingContext } from './ask/routingContext.ts';
import { makeSpokenLanguages, type RuntimeProtocol } from './ask/spoken.ts';
import { makeReplicaDirectory } from './directory.ts';
import { makeChatOwners } from './owners.ts';
import { loadReplicaTable } from './replicaRows.ts';
import { type CheckAccess, makeRouteEntities, type RouteEntities } from './route.ts';
import type { Routing } from './routedTypes.ts';
import { makeRuntimeWatch } from './runtimeWatch.ts';
import type { DatabaseSubgraph } from './transport/databaseSubgraph.ts';
import { makeDispatcher } from './transport/overHttp.ts';

interface ReplicasOptions {
  /** Knows them. */
  readonly database: DatabaseSubgraph;
  readonly internalSecret: string;
  /** Milliseconds for all that one request asks of replicas. */
  readonly timeoutMs: number;
  /** A replica that has not answered after so many milliseconds is asked a second time; undefined: never. */
  readonly hedgeMs?: number | undefined;
  /** CIDRs and host suffixes that a relay address may point to. */
  readonly addressAllow: readonly string[];
  /** No replica is asked. */
  readonly isDisabled?: boolean | undefined;
  /** Platform of the replicas; left out: as the database subgraph says. */
  readonly platform?: 'auto' | PlatformName | undefined;
  /** Language of the replicas; left out: as each speaks. */
  readonly protocol?: RuntimeProtocol | undefined;
  /** Shared key of workers that speak the protocol; left out: they take tokens. */
  readonly runtimeKey?: string | undefined;
  /** Told each time that a replica was asked, or could not be. Must not throw. */
  readonly onAsked?: AskOptions['onAsked'];
  readonly clock: Clock;
  readonly log: Logger;
}

/** Part of the options that settings decide. */
export type AskedReplicas = Pick<
  ReplicasOptions,
  'timeoutMs' | 'hedgeMs' | 'addressAllow' | 'isDisabled' | 'platform' | 'protocol' | 'runtimeKey'
>;

export interface Replicas {
  /** @param check says what a caller may ask; left out: everything */
  router(routing: Routing, check?: CheckAccess): RouteEntities;
  /** Makes the context of a client's request: spread it into the request's own, once for all its fetches. */
  newRequest(): Pick<RoutingContext, 'budget' | 'asked'>;
  /** States by the ids of the replicas that were asked lately. */
  breakers(): ReadonlyMap<string, BreakerState>;
  /** Milliseconds since the replica table was read; null: it has not been yet. */
  directoryAgeMs(): number | null;
  /** Number of replicas that have not stopped; undefined: the table has not been read yet. */
  count(): number | undefined;
  /** Ends what is still asked of them. */
  close(): Promise<void>;
}

/** Connects to nothing yet. Whoever makes it closes it. */
export function makeReplicas(options: ReplicasOptions): Replicas {
  const {
    addressAllow,
    clock,
    database,
    hedgeMs,
    internalSecret,
    isDisabled = false,
    log,
    onAsked,
    protocol = 'auto',
    runtimeKey,
    timeoutMs,
  } = options;
  const dispatcher = makeDispatcher(
    makeGuardedConnector(makeAddressPolicy(addressAllow), timeoutMs),
    MAX_REPLICA_ANSWER_BYTES,
  );
  const guards = makeReplicaGuards(clock);
  const earlierVersions = makeEarlierVersions(clock);
  const languages = makeSpokenLanguages(protocol, clock);
  const watch = makeRuntimeWatch({ isDisabled, platform: options.platform, log });
  const directory = makeReplicaDirectory({
    load: async (ids) => {
      const { rows, platform } = await loadReplicaTable(database, ids);
      watch.found(platform);
      if (!rows && !watch.notAsked()) throw new Error('The replica table cannot be read');
      return rows ?? [];
    },
    clock,
    log,
  });
  const ask = makeAskReplica({
    ...{ directory, guards, earlierVersions, languages, dispatcher, internalSecret, runtimeKey, timeoutMs, hedgeMs },
    ...{ onAsked, clock, log },
  });
  const owners = makeChatOwners(database, log);
  return {
    router: (routing, check) =>
      makeRouteEntities({ routing, directory, ask, owners, notAsked: watch.notAsked, check, clock, log }),
    newRequest: () => ({ budget: makeBudget(timeoutMs, clock), asked: [] }),
    breakers: guards.breakers,
    directoryAgeMs: directory.ageMs,
    count: directory.countReplicas,
    close: () => dispatcher.destroy(),
  };
}
