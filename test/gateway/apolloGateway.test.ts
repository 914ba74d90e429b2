/** What the gateway takes from Apollo's, and by which ways. */
import type { ApolloGateway } from '@apollo/gateway';
import { expect, test } from '@jest/globals';
import { pino } from 'pino';
import { makeApolloGateway, supergraphOf } from '../../gateway/supergraph/apolloGateway.ts';
import { readSupergraph } from '../../gateway/supergraph/file.ts';

const SDL = readSupergraph(undefined);
const load = async () => {
  const gateway = makeApolloGateway(SDL, pino({ enabled: false }));
  return { gateway, loaded: await gateway.load() };
};

test('its planner is reached by `__testing()`, which is documented nowhere', async () => {
  const { gateway } = await load();
  const { queryPlanner } = gateway.__testing();
  expect(queryPlanner?.buildQueryPlan).toBeInstanceOf(Function);
  expect([...(queryPlanner?.supergraph.subgraphsMetadata() ?? [])].map(({ name }) => name).sort()).toEqual([
    'database',
    'diagnosis',
    'runtime',
  ]);
});

test('its schema is the one that clients see', async () => {
  const { gateway, loaded } = await load();
  expect(supergraphOf(gateway, SDL).apiSchema).toBe(gateway.schema);
  expect(loaded.schema).toBe(gateway.schema);
});

test('what executes is what was set before it was loaded', async () => {
  const gateway = makeApolloGateway(SDL, pino({ enabled: false }));
  const executor: ApolloGateway['executor'] = async () => ({ data: { ours: true } });
  gateway.executor = executor;
  expect((await gateway.load()).executor).toBe(executor);
});

test('once loaded, it does not keep where in the text each part of the schema was', async () => {
  const { gateway } = await load();
  supergraphOf(gateway, SDL);
  const schema = gateway.__testing().queryPlanner?.supergraph.schema;
  const nodes = [schema?.schemaDefinition, ...(schema?.types() ?? []), ...(schema?.directives() ?? [])];
  const located = JSON.stringify(nodes.map((node) => node?.sourceAST)).match(/"loc":/g);
  expect([nodes.length > 40, located]).toEqual([true, null]);
});

test('one that was not loaded has no plans', () => {
  expect(() => supergraphOf(makeApolloGateway(SDL, pino({ enabled: false })), SDL)).toThrow('no planner');
});
