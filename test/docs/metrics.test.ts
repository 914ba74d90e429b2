import { readdirSync, readFileSync } from 'node:fs';
import { expect, test } from '@jest/globals';
import { Registry } from 'prom-client';
import { systemClock } from '../../common/clock.ts';
import { makeGatewayMetrics } from '../../gateway/http/metrics.ts';
import { makeSuspectGauge } from '../../gateway/http/suspectGauge.ts';
import { openSupergraph } from '../../gateway/supergraph/inUse.ts';
import { makeLiveMetrics } from '../../server/live/metrics.ts';
import { makeLogger } from '../../server/log.ts';
import { subgraphRequests } from '../../server/metrics.ts';
import { makeReadingMetrics } from '../../subgraphs/database/metrics.ts';
import { makeOperatorMetrics } from '../../subgraphs/operator/metrics.ts';
import { makeRecorderMetrics } from '../../subgraphs/recorder/metrics.ts';
import type { Inspector } from '../../subgraphs/runtime/inspector.ts';
import { registerReplicaMetrics } from '../../subgraphs/runtime/metrics.ts';

const log = makeLogger('test', 'silent');
const read = (file: string) => readFileSync(new URL(`../../${file}`, import.meta.url), 'utf8');
const page = read('docs/operations.md');
const table = [...page.matchAll(/^\| `(chat_debug_\w+)` \| ([a-z, ]+) \|/gm)];

const RECORDER = { isActive: () => true, isListening: () => true };

/** The names that one kind of process registers. */
const namesOf = (register: (registry: Registry) => unknown): string[] => {
  const registry = new Registry();
  register(registry);
  return registry.getMetricsAsArray().map(({ name }) => name);
};

test('the page of operations names every metric of each process, and no others', async () => {
  const subgraph = namesOf(subgraphRequests);
  const database = namesOf(makeReadingMetrics);
  const replica = namesOf((registry) => registerReplicaMetrics(registry, {} as Inspector));
  const supergraph = new Registry();
  const load = async () => ({ apollo: { stop: async () => {} } });
  await openSupergraph({ path: undefined, load, registry: supergraph, clock: systemClock, log });
  const expected = [
    ...supergraph.getMetricsAsArray().map(({ name }) => `${name} gateway`),
    ...namesOf((registry) => makeSuspectGauge(registry, { read: async () => [], clock: systemClock, log })).map(
      (name) => `${name} gateway`,
    ),
    ...namesOf(makeGatewayMetrics).map((name) => `${name} gateway`),
    ...namesOf((registry) => makeLiveMetrics(registry, () => 'none')).map(
      (name) => `${name} gateway, database, recorder`,
    ),
    ...subgraph.map((name) => `${name} all but the gateway`),
    ...database.map((name) => `${name} database`),
    ...replica.map((name) => `${name} replica`),
    ...namesOf(makeOperatorMetrics).map((name) => `${name} operator`),
    ...namesOf((registry) => makeRecorderMetrics(registry, RECORDER)).map((name) => `${name} recorder`),
  ];
  expect(table.map(([, name, on]) => `${name} ${on}`).sort()).toEqual(expected.sort());
});

const TABLES = [
  ...['chat_debug_runs', 'chat_debug_steps'],
  ...['chat_debug_actions', 'chat_debug_action_results', 'chat_debug_drains'],
];

test('no source names a metric that the page does not', () => {
  const files = ['domain', 'gateway', 'routing', 'server', 'subgraphs'].flatMap((folder) =>
    readdirSync(new URL(`../../${folder}`, import.meta.url), { recursive: true, encoding: 'utf8' }).map(
      (file) => `${folder}/${file}`,
    ),
  );
  const named = files
    .filter((file) => file.endsWith('.ts'))
    .flatMap((file) => [...read(file).matchAll(/'(chat_debug_\w+)'/g)].map(([, name = '']) => name))
    .filter((name) => !TABLES.includes(name));
  expect(named.sort()).toEqual(table.map(([, name]) => name).sort());
});

test('the alerts of the page ask for metrics that exist', () => {
  const known = table.map(([, name]) => name);
  const asked = [...page.matchAll(/expr: .*?(chat_debug_[a-z_]+)/g)].map(([, name]) => name);
  expect(asked.length).toBeGreaterThan(0);
  expect(asked.filter((name) => !known.includes(name))).toEqual([]);
});
