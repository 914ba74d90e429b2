import { createHash } from 'node:crypto';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, describe, expect, test } from '@jest/globals';
import { getIntrospectionQuery } from 'graphql';
import { readAllowedOperations } from '../../../gateway/queries/allowedOperations.ts';
import { SettingsError } from '../../../server/settings/config.ts';
import { callerToken, gatewaysPerTest } from '../gateways.ts';
import { sendJson, serversPerTest } from '../httpServers.ts';

const servers = serversPerTest();
const startGateway = gatewaysPerTest();
const folder = mkdtempSync(join(tmpdir(), 'operations-'));
afterAll(() => rmSync(folder, { recursive: true }));

const BODY = 'query Page($first: Int) {\n  chats(first: $first) {\n    edges {\n      cursor\n    }\n  }\n}';
const hash = (text: string) => createHash('sha256').update(text).digest('hex');
const file = (content: unknown) => {
  const path = join(folder, `${hash(JSON.stringify(content))}.json`);
  writeFileSync(path, typeof content === 'string' ? content : JSON.stringify(content));
  return path;
};
const manifest = (operations: unknown) => ({ format: 'apollo-persisted-query-manifest', version: 1, operations });
const operation = (changes: Record<string, unknown> = {}) => ({
  ...{ id: hash(BODY), name: 'Page', type: 'query', body: BODY },
  ...changes,
});

describe('with a list of operations', () => {
  const start = async () => {
    const database = await servers.serve((response) => sendJson(response, 200, { data: { chats: { edges: [] } } }));
    const path = file(manifest([operation(), operation({ id: 'by-name' })]));
    const gateway = await startGateway(database, { allowedOperations: readAllowedOperations(path) });
    const token = await callerToken();
    const ask = async (body: Record<string, unknown>, method = 'POST') => {
      const text = Object.entries(body).map(([name, value]): [string, string] => [
        name,
        typeof value === 'string' ? value : JSON.stringify(value),
      ]);
      const response = await fetch(`${gateway.url}/graphql${method === 'GET' ? `?${new URLSearchParams(text)}` : ''}`, {
        method,
        headers: { authorization: `Bearer ${token}`, ...(method === 'POST' && { 'content-type': 'application/json' }) },
        ...(method === 'POST' && { body: JSON.stringify(body) }),
      });
      return {
        status: response.status,
        body: (await response.json()) as { data?: unknown; errors?: { extensions: { code: string } }[] },
      };
    };
    return { database, ask };
  };
  const byId = (sha256Hash: string) => ({ extensions: { persistedQuery: { version: 1, sha256Hash } } });

  test.each(['POST', 'GET'])('%s: those on it are answered, whole, by hash or by id', async (method) => {
    const { ask } = await start();
    const variables = { first: 5 };
    for (const asked of [{ query: BODY }, byId(hash(BODY)), byId('by-name'), { query: BODY, ...byId(hash(BODY)) }]) {
      const { status, body } = await ask({ ...asked, variables }, method);
      expect([status, body]).toEqual([200, { data: { chats: { edges: [] } } }]);
    }
  });

  test('everything else is refused before it is parsed, and nobody can add to the list', async () => {
    const { ask, database } = await start();
    const another = '{ chats { edges { node { chatId } } } }';
    const refused: Record<string, unknown>[] = [
      { query: another },
      { query: '{' },
      { query: ` ${BODY}` },
      { query: getIntrospectionQuery() },
      byId(hash(another)),
      { query: another, ...byId(hash(another)) },
      { query: another, ...byId(hash(BODY)) },
      byId(hash(another)),
      { operationName: 'Page' },
      { query: '' },
    ];
    for (const method of ['POST', 'GET']) {
      for (const asked of refused) {
        const { status, body } = await ask(asked, method);
        expect([status, body.errors?.map(({ extensions }) => extensions.code)]).toEqual([403, ['FORBIDDEN']]);
        expect(body).not.toHaveProperty('data');
      }
    }
    expect(database.received).toEqual([]);
  });

  test('one with the hash of another is a mistake of its client', async () => {
    const { ask } = await start();
    for (const method of ['POST', 'GET']) {
      const { status, body } = await ask({ query: BODY, ...byId('by-name') }, method);
      expect([status, body.errors?.map(({ extensions }) => extensions.code)]).toEqual([400, ['BAD_USER_INPUT']]);
    }
  });

  test('its operations are under the same limits', async () => {
    const { ask } = await start();
    expect((await ask({ query: BODY, variables: { first: 'x' } })).body.errors?.[0]?.extensions.code).toBe(
      'BAD_USER_INPUT',
    );
  });
});

test.each([
  ['no file', join(folder, 'nothing.json')],
  ['no JSON', file('{')],
  ['another format', file({ ...manifest([operation()]), format: 'x' })],
  ['another version', file({ ...manifest([operation()]), version: 2 })],
  ['no operations', file(manifest([]))],
  ['an operation without a body', file(manifest([{ id: 'x', name: 'X', type: 'query' }]))],
  ['a mutation whose body is a query', file(manifest([operation({ type: 'mutation' })]))],
  ['a body that cannot be parsed', file(manifest([operation({ body: '{' })]))],
  ['a body that is no query', file(manifest([operation({ body: 'mutation { x }' })]))],
  ['a body of two queries', file(manifest([operation({ body: 'query A { a } query B { b }' })]))],
])('a bad file is told at start: %s', (_, path) => {
  expect(() => readAllowedOperations(path)).toThrow(SettingsError);
  expect(() => readAllowedOperations(path)).toThrow(/ALLOWED_OPERATIONS_PATH/);
});
