import { describe, expect, test } from '@jest/globals';
import { HOSTILE, largest } from '../../../bench/support/hostileQueries.ts';
import { exampleQueries } from '../../../gateway/http/graphiql.ts';
import { LIMITS } from '../../../gateway/queries/documentLimits.ts';
import { askGateway, callerToken, gatewaysPerTest } from '../gateways.ts';
import { sendJson, serversPerTest } from '../httpServers.ts';

const servers = serversPerTest();
const startGateway = gatewaysPerTest();
const CHAT = 'cccccccc-0000-4000-8000-000000000001';

/** A database subgraph without chats. */
const emptyDatabase = () =>
  servers.serve((response) => sendJson(response, 200, { data: { chatDebugSnapshots: [], chats: { edges: [] } } }));

const EVERYWHERE = `query ($ids: [UUID!]!) { chatDebugSnapshots(chatIds: $ids) { everywhere { workerId runners { tasks { id } } } } }`;
const ids = (count: number) => Array.from({ length: count }, () => CHAT);

describe('a query that is too complex', () => {
  test('is refused before it is validated, in a POST and in a GET alike, and nothing is sent', async () => {
    const database = await emptyDatabase();
    const gateway = await startGateway(database);
    const aliases = `{ ${Array.from({ length: 101 }, (_, i) => `a${i}: nonsense`).join(' ')} }`;
    const inFragment = `{ ...F } fragment F on Nowhere ${aliases}`;
    const token = await callerToken();
    for (const query of [aliases, inFragment, `query Other { __typename } ${aliases.replace('{', 'query Q {')}`]) {
      const get = await fetch(`${gateway.url}/graphql?query=${encodeURIComponent(query)}`, {
        headers: { authorization: `Bearer ${token}`, accept: 'application/graphql-response+json' },
      });
      expect([get.status, get.headers.get('content-type')]).toEqual([
        400,
        expect.stringMatching('application/graphql-response\\+json'),
      ]);
      const expected = { extensions: { code: 'QUERY_TOO_COMPLEX' }, message: expect.stringMatching(/at most \d+ /) };
      expect(await get.json()).toEqual({ errors: [expected] });
      const { status, body } = await askGateway(gateway, query, { operationName: 'Other' });
      expect([status, body]).toEqual([400, { errors: [expected] }]);
    }
    expect(database.received).toEqual([]);
  });

  test('is told the cost and the limit; what is within says both on request', async () => {
    const database = await emptyDatabase();
    const gateway = await startGateway(database, { maxCost: 1_000 });
    const { status, body } = await askGateway(gateway, EVERYWHERE, { variables: { ids: ids(100) } });
    expect([status, body.errors?.[0]?.extensions]).toEqual([400, { code: 'QUERY_TOO_COMPLEX' }]);
    expect(body.errors?.[0]?.message).toMatch(/may be at most 1000 \(MAX_COST\)\. This one's is 1\d{4}: ask for fewer/);
    expect(database.received).toEqual([]);

    const token = await callerToken();
    const ask = async (extensions: unknown) => {
      const response = await fetch(`${gateway.url}/graphql`, {
        method: 'POST',
        headers: { 'content-type': 'application/json', authorization: `Bearer ${token}` },
        body: JSON.stringify({ query: EVERYWHERE, variables: { ids: ids(2) }, extensions }),
      });
      return (await response.json()) as { extensions?: unknown };
    };
    expect((await ask({ cost: true })).extensions).toEqual({
      cost: { estimated: 2 + 2 * 10 * (5 + 2 * 3), limit: 1_000 },
    });
    expect(await ask({ cost: 'yes' })).not.toHaveProperty('extensions');
    expect(await ask(undefined)).not.toHaveProperty('extensions');
  });
});

test('a document that cannot be parsed, or is not valid, gets its own error', async () => {
  const gateway = await startGateway(await emptyDatabase());
  const code = async (query: string) => (await askGateway(gateway, query)).body.errors?.[0]?.extensions.code;
  expect(await code('{')).toBe('GRAPHQL_PARSE_FAILED');
  expect(await code('{ a "Syntax Error: Document contains more that 5 tokens" }')).toBe('GRAPHQL_PARSE_FAILED');
  expect(await code('{ nonsense }')).toBe('GRAPHQL_VALIDATION_FAILED');
  expect(await code('{ ...A } fragment A on Query { ...A }')).toBe('GRAPHQL_VALIDATION_FAILED');
  expect(await code('query A { __typename } query B { __typename }')).toBe('OPERATION_RESOLUTION_FAILURE');
  const tooMany = { variables: { ids: ids(101) } };
  expect((await askGateway(gateway, EVERYWHERE, tooMany)).body.errors?.[0]?.extensions.code).toBe('QUERY_TOO_COMPLEX');
  const few = 'query ($ids: [UUID!]!) { chatDebugSnapshots(chatIds: $ids) { chatId } }';
  expect((await askGateway(gateway, few, tooMany)).body.errors?.[0]?.extensions.code).toBe('BAD_USER_INPUT');
});

describe('of 20 kB', () => {
  /** These are no more than large; what they say is wrong, or asks for little. */
  const ANSWERED: Readonly<Record<string, string | undefined>> = {
    'a long string': undefined,
    'a string of escapes': undefined,
    'a block string of lines': undefined,
    comments: undefined,
    'blanks and commas': undefined,
    'a long name': 'GRAPHQL_VALIDATION_FAILED',
    'nothing but braces': 'GRAPHQL_PARSE_FAILED',
    'unknown enum values': 'GRAPHQL_VALIDATION_FAILED',
  };
  test('each hostile shape gets the code that it must get', async () => {
    const gateway = await startGateway(await emptyDatabase());
    const codes: Record<string, string | undefined> = {};
    for (const [name, shape] of Object.entries(HOSTILE)) {
      const { body } = await askGateway(gateway, largest(shape, LIMITS.characters));
      const code = body.errors?.[0]?.extensions.code;
      if (code !== 'QUERY_TOO_COMPLEX') codes[name] = code;
    }
    expect(codes).toEqual(ANSWERED);
  });

  test('one more character is too many', async () => {
    const gateway = await startGateway(await emptyDatabase());
    const padded = (length: number) => `{ __typename } ${'#'.repeat(length - 15)}`;
    expect((await askGateway(gateway, padded(LIMITS.characters))).status).toBe(200);
    const { status, body } = await askGateway(gateway, padded(LIMITS.characters + 1));
    expect([status, body.errors?.[0]?.message]).toEqual([
      400,
      expect.stringMatching(/at most 20000 characters.*Received 20001\.$/),
    ]);
  });
});

test('when it is ready, the examples have been planned, and no subgraph has been asked', async () => {
  const database = await emptyDatabase();
  const gateway = await startGateway(database);
  expect(exampleQueries().length).toBeGreaterThan(0);
  expect(database.received).toEqual([]);
  expect((await askGateway(gateway, '{ chats { edges { cursor } } }')).status).toBe(200);
  expect(database.received).toHaveLength(1);
});
