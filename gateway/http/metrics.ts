/** Metrics of the gateway on the requests to it, and on the replicas that it asks. */
import { Counter, Gauge, Histogram, type Registry } from 'prom-client';
import { gatewayRequests } from '../../server/metrics.ts';
import type { RequestNotes } from '../../server/requests.ts';
import { makeOperationLabel } from './knownOperations.ts';

/**
 * Buckets in seconds, enough to tell a busy replica from a sick one. There are few, since each replica has them all.
 */
const REPLICA_BUCKETS = [0.01, 0.05, 0.1, 0.25, 0.5, 1];
/** States as numbers, so that an alert can say `> 0`. */
const BREAKER_STATES = { CLOSED: 0, HALF_OPEN: 1, OPEN: 2 } as const;

/** State that is read when somebody asks for the metrics, and not counted as it happens. */
export interface RouterState {
  /** States of the breakers of replicas that were asked lately, by id. */
  breakers(): ReadonlyMap<string, keyof typeof BREAKER_STATES>;
  /** Milliseconds since the replica table was last read; null: it never was. */
  directoryAgeMs(): number | null;
}

interface GatewayMetrics {
  readonly requestAnswered: RequestNotes['observe'];
  /** Counts a question to a replica; `elapsedMs` 0: nothing was sent. */
  replicaAsked(asked: { replicaId: string; status: string; elapsedMs: number }): void;
  /** Shows the state of a router. */
  watch(router: RouterState): void;
}

/** Makes the metrics and adds them to `registry`. */
export function makeGatewayMetrics(registry: Registry): GatewayMetrics {
  const requestAnswered = gatewayRequests(registry, makeOperationLabel());
  return { requestAnswered, ...makeReplicaMetrics(registry) };
}

/**
 * Label of a replica: the first eight characters of its id. A person can find it in `replicas`, and nothing can be
 * asked with it.
 * Its series go when the router forgets it. Otherwise every start of a replica would add some for as long as the
 * gateway runs.
 */
const replicaLabel = (replicaId: string): string => replicaId.slice(0, 8);

function makeReplicaMetrics(registry: Registry): Pick<GatewayMetrics, 'replicaAsked' | 'watch'> {
  const registers = [registry];
  const seen = new Map<string, Set<string>>();
  let router: RouterState = { breakers: () => new Map(), directoryAgeMs: () => null };
  const forgetOld = () => {
    const kept = new Set([...router.breakers().keys()].map(replicaLabel));
    for (const [replica, statuses] of seen) {
      if (kept.has(replica)) continue;
      seen.delete(replica);
      latency.remove({ replica });
      for (const status of statuses) asked.remove({ replica, status });
    }
  };
  const asked = new Counter({
    name: 'chat_debug_replica_requests_total',
    help: 'Requests to a replica by its reachability then; CIRCUIT_OPEN, UNKNOWN_REPLICA and STOPPED were not sent',
    labelNames: ['replica', 'status'],
    registers,
    collect: forgetOld,
  });
  const latency = new Histogram({
    name: 'chat_debug_replica_request_duration_seconds',
    help: 'How long requests that were sent to a replica took, whatever came of them',
    labelNames: ['replica'],
    buckets: REPLICA_BUCKETS,
    registers,
  });
  new Gauge({
    name: 'chat_debug_replica_breaker_state',
    help: 'Circuit breaker of a replica: 0 closed, 1 half open, 2 open',
    labelNames: ['replica'],
    registers,
    collect() {
      this.reset();
      for (const [id, state] of router.breakers()) this.set({ replica: replicaLabel(id) }, BREAKER_STATES[state]);
    },
  });
  new Gauge({
    name: 'chat_debug_directory_age_seconds',
    help: 'Since the replica table was last read; it is read while it is used, and -1 until then',
    registers,
    collect() {
      const ageMs = router.directoryAgeMs();
      this.set(ageMs === null ? -1 : ageMs / 1000);
    },
  });
  return {
    replicaAsked: ({ replicaId, status, elapsedMs }) => {
      const replica = replicaLabel(replicaId);
      if (!seen.has(replica)) forgetOld(); // also where nobody reads the metrics
      seen.set(replica, (seen.get(replica) ?? new Set()).add(status));
      asked.inc({ replica, status });
      if (elapsedMs > 0) latency.observe({ replica }, elapsedMs / 1000);
    },
    watch: (watched) => {
      router = watched;
    },
  };
}
