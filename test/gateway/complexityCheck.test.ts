import { describe, expect, test } from '@jest/globals';
import { getIntrospectionQuery, getOperationAST, type OperationDefinitionNode, parse } from 'graphql';
import { systemClock } from '../../common/clock.ts';
import { countSelections } from '../../gateway/complexityCheck.ts';
import { exampleQueries } from '../../gateway/graphiql.ts';
import { askGateway, gatewaysPerTest } from './gateways.ts';
import { sendJson, serversPerTest } from './httpServers.ts';

const servers = serversPerTest();
const startGateway = gatewaysPerTest();

const count = (query: string) => {
  const document = parse(query);
  return countSelections(document, getOperationAST(document) as OperationDefinitionNode);
};

/** Fragments that double at each of so many levels. */
function doubling(levels: number): string {
  const spread = (i: number) =>
    `fragment F${i} on ChatDebugSnapshot { ... @include(if: true) { ...F${i + 1} } ... { ...F${i + 1} } }`;
  const fragments = Array.from({ length: levels }, (_, i) => spread(i));
  return `{ chats { edges { node { ...F0 } } } } ${fragments.join(' ')} fragment F${levels} on ChatDebugSnapshot { chatId }`;
}

describe('the count of selections', () => {
  test('is that of the fields and fragments, each as often as it is spread', () => {
    expect(count('{ a b { c } }')).toBe(3);
    expect(count('{ ... { a } b: a }')).toBe(3);
    expect(count('{ ...F x { ...F } } fragment F on T { a b }')).toBe(7);
    expect(count(doubling(1))).toBe(4 + 2 * 3);
    expect(count(doubling(2))).toBe(4 + 4 + 2 * 4 + 4);
  });

  test('takes no longer for thousands of levels, and ends where fragments spread each other', () => {
    const begunMs = systemClock.monotonicMs();
    expect(count(doubling(2_000))).toBe(Number.POSITIVE_INFINITY);
    expect(count('{ ...A } fragment A on T { ...B } fragment B on T { ...A a }')).toBe(4);
    expect(systemClock.monotonicMs() - begunMs).toBeLessThan(5_000);
  });
});

describe('a query that is too complex', () => {
  const start = async () => {
    const database = await servers.serve((response) => sendJson(response, 200, { data: { chats: { edges: [] } } }));
    return { database, gateway: await startGateway(database) };
  };

  test('is refused with QUERY_TOO_COMPLEX, and nothing is planned or sent', async () => {
    const { database, gateway } = await start();
    for (const levels of [10, 12, 100]) {
      const { status, body } = await askGateway(gateway, doubling(levels));
      expect([status, body.errors?.map(({ extensions }) => extensions)]).toEqual([
        400,
        [{ code: 'QUERY_TOO_COMPLEX' }],
      ]);
      expect(body.errors?.[0]?.message).toMatch(/at most 2000 .* selects (\d{4,5}|more than 1000000)\.$/);
    }
    expect(database.received).toEqual([]);
  });

  test('is none of those that people ask: the examples of the page, introspection, some doubling', async () => {
    for (const { query } of exampleQueries()) expect(count(query)).toBeLessThan(1_000);
    expect(count(getIntrospectionQuery())).toBeLessThan(1_000);
    const { gateway } = await start();
    expect((await askGateway(gateway, doubling(6))).status).toBe(200);
  });
});
