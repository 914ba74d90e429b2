/** What the gateway takes from Apollo's, and by which ways. */
import { expect, test } from '@jest/globals';
import { pino } from 'pino';
import { makeApolloServer } from '../../gateway/http/apolloServer.ts';
import { makeApolloGateway, supergraphOf } from '../../gateway/supergraph/apolloGateway.ts';
import { readSupergraph } from '../../gateway/supergraph/file.ts';
import type { RoutingContext } from '../../routing/ask/routingContext.ts';
import type { Question } from '../../server/graphql/question.ts';

const SDL = readSupergraph(undefined);
const silent = pino({ enabled: false });
const load = async () => {
  const gateway = makeApolloGateway(SDL, silent);
  return { gateway, loaded: await gateway.load() };
};

test('its planner is reached by `__testing()`, which is documented nowhere', async () => {
  const { gateway } = await load();
  const { queryPlanner } = gateway.__testing();
  expect(queryPlanner?.buildQueryPlan).toBeInstanceOf(Function);
  expect([...(queryPlanner?.supergraph.subgraphsMetadata() ?? [])].map(({ name }) => name).sort()).toEqual([
    'database',
    'diagnosis',
    'operator',
    'recorder',
    'runtime',
  ]);
});

test('its schema is the one that clients see', async () => {
  const { gateway, loaded } = await load();
  expect(supergraphOf(gateway, SDL).apiSchema).toBe(gateway.schema);
  expect(loaded.schema).toBe(gateway.schema);
});

test('what Apollo Server executes, our queries answer', async () => {
  const error = { message: 'away', path: ['replicas'], extensions: { code: 'DATABASE_UNAVAILABLE' } };
  const asked: unknown[] = [];
  const answer = async (question: Question) => {
    asked.push(question);
    return { status: 200, headers: {}, body: { data: { replicas: null }, errors: [error] } };
  };
  const apollo = makeApolloServer(makeApolloGateway(SDL, silent), answer, silent);
  await apollo.start();
  const question = {
    query: 'query R($a: Boolean) { replicas(alive: $a) { id } }',
    operationName: 'R',
    variables: { a: true },
  };
  const { body } = await apollo.executeOperation(question, { contextValue: { requestId: 'r' } as RoutingContext });
  await apollo.stop();
  expect(asked).toEqual([question]);
  expect(body).toMatchObject({ singleResult: { data: { replicas: null }, errors: [error] } });
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
  expect(() => supergraphOf(makeApolloGateway(SDL, silent), SDL)).toThrow('no planner');
});
