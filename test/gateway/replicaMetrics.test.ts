/** Metrics of the gateway on the replicas that it asks. */
import { expect, test } from '@jest/globals';
import { Registry } from 'prom-client';
import { makeGatewayMetrics, type RouterState } from '../../gateway/http/metrics.ts';

const A = 'aaaaaaaa-0000-4000-8000-000000000001';
const B = 'bbbbbbbb-0000-4000-8000-000000000002';

function watched() {
  const registry = new Registry();
  const metrics = makeGatewayMetrics(registry);
  const breakers = new Map<string, 'CLOSED' | 'OPEN' | 'HALF_OPEN'>([
    [A, 'CLOSED'],
    [B, 'OPEN'],
  ]);
  const router: RouterState & { ageMs: number | null } = {
    ageMs: null,
    breakers: () => breakers,
    directoryAgeMs: () => router.ageMs,
  };
  metrics.watch(router);
  return { registry, metrics, breakers, router };
}

test('latency, outcomes and breaker of each replica, under the start of its id', async () => {
  const { registry, metrics, router } = watched();
  metrics.replicaAsked({ replicaId: A, status: 'OK', elapsedMs: 30 });
  metrics.replicaAsked({ replicaId: A, status: 'TIMED_OUT', elapsedMs: 1000 });
  metrics.replicaAsked({ replicaId: B, status: 'CIRCUIT_OPEN', elapsedMs: 0 });
  router.ageMs = 1500;
  const text = await registry.metrics();
  for (const line of [
    'chat_debug_replica_requests_total{replica="aaaaaaaa",status="OK"} 1',
    'chat_debug_replica_requests_total{replica="aaaaaaaa",status="TIMED_OUT"} 1',
    'chat_debug_replica_requests_total{replica="bbbbbbbb",status="CIRCUIT_OPEN"} 1',
    'chat_debug_replica_request_duration_seconds_bucket{le="0.05",replica="aaaaaaaa"} 1',
    'chat_debug_replica_request_duration_seconds_sum{replica="aaaaaaaa"} 1.03',
    'chat_debug_replica_breaker_state{replica="aaaaaaaa"} 0',
    'chat_debug_replica_breaker_state{replica="bbbbbbbb"} 2',
    'chat_debug_directory_age_seconds 1.5',
  ]) {
    expect(text).toContain(`${line}\n`);
  }
  expect(text).not.toContain('duration_seconds_count{replica="bbbbbbbb"}'); // nothing was sent to it
  expect(text).not.toContain(A);
});

test('a replica that the router has forgotten is gone from all series, whether somebody reads them or not', async () => {
  const { registry, metrics, breakers } = watched();
  metrics.replicaAsked({ replicaId: A, status: 'OK', elapsedMs: 30 });
  metrics.replicaAsked({ replicaId: B, status: 'OK', elapsedMs: 30 });
  breakers.delete(A);
  const text = await registry.metrics();
  expect(text).not.toContain('aaaaaaaa');
  expect(text).toContain('bbbbbbbb');
});

test('before the directory was ever read its age is -1', async () => {
  expect(await watched().registry.metrics()).toContain('chat_debug_directory_age_seconds -1\n');
});
