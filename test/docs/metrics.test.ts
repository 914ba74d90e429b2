import { readFileSync } from 'node:fs';
import { expect, test } from '@jest/globals';
import Fastify from 'fastify';
import { Registry } from 'prom-client';
import { systemClock } from '../../common/clock.ts';
import { makeLogger } from '../../common/log.ts';
import { makeGatewayMetrics } from '../../gateway/http/metrics.ts';
import { makeSuspectGauge } from '../../gateway/http/suspectGauge.ts';
import { makeReadingMetrics } from '../../subgraphs/database/metrics.ts';
import { noteRequests } from '../../subgraphs/requests.ts';
import type { Inspector } from '../../subgraphs/runtime/inspector.ts';
import { registerReplicaMetrics } from '../../subgraphs/runtime/metrics.ts';

const log = makeLogger('test', 'silent');
const readme = readFileSync(new URL('../../README.md', import.meta.url), 'utf8');

/** The names that one kind of process registers. */
const namesOf = (register: (registry: Registry) => unknown): string[] => {
  const registry = new Registry();
  register(registry);
  return registry.getMetricsAsArray().map(({ name }) => name);
};

test('the README names every metric of each process, and no others', () => {
  const subgraph = namesOf((registry) => noteRequests(Fastify(), { registry, clock: systemClock, log }));
  const database = namesOf(makeReadingMetrics);
  const replica = namesOf((registry) => registerReplicaMetrics(registry, {} as Inspector));
  const expected = [
    ...namesOf((registry) => makeSuspectGauge(registry, { read: async () => [], clock: systemClock, log })).map(
      (name) => `${name} gateway`,
    ),
    ...namesOf(makeGatewayMetrics).map((name) => `${name} gateway`),
    ...subgraph.map((name) => `${name} replica, database`),
    ...database.map((name) => `${name} database`),
    ...replica.map((name) => `${name} replica`),
  ];
  const rows = [...readme.matchAll(/^\| `(chat_debug_\w+)` \| ([a-z, ]+) \|/gm)].map(([, name, on]) => `${name} ${on}`);
  expect(rows.sort()).toEqual(expected.sort());
});

test('the alerts of the README ask for metrics that exist', () => {
  const table = [...readme.matchAll(/^\| `(chat_debug_\w+)`/gm)].map(([, name]) => name);
  const asked = [...readme.matchAll(/expr: .*?(chat_debug_[a-z_]+)/g)].map(([, name]) => name);
  expect(asked.length).toBeGreaterThan(0);
  expect(asked.filter((name) => !table.includes(name))).toEqual([]);
});
