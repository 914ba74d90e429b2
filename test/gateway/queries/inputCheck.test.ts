import { beforeAll, expect, test } from '@jest/globals';
import { askGateway, gatewayPerFile } from '../gateways.ts';
import { sendJson, serversPerFile, type TestServer } from '../httpServers.ts';

const CHAT = 'cccccccc-0000-4000-8000-000000000001';
const MANY_IDS = JSON.stringify(Array.from({ length: 101 }, () => CHAT));

const ofFile: { database?: TestServer } = {};
const servers = serversPerFile();
beforeAll(async () => {
  ofFile.database = await servers.serve((response) =>
    sendJson(response, 200, { data: { chatDebugSnapshot: null, chats: { edges: [] } } }),
  );
});
const gatewayOfFile = gatewayPerFile(() => ({ url: ofFile.database?.url ?? '' }));

const WANTED = 'query Wanted($if: Boolean) { chats(filter: { suspect: $if }) { edges { cursor } } }';

test.each([
  ['a list that is too long', `query Other { chatDebugSnapshots(chatIds: ${MANY_IDS}) { chatId } }`],
  ['a literal that is no id', 'query Other { chatDebugSnapshot(chatId: "x") { chatId } }'],
  [
    'a condition on a variable of the same name',
    `query Other($if: Boolean = true) { chatDebugSnapshot(chatId: "${CHAT}") { ...F } }
     fragment F on ChatDebugSnapshot { chatId @include(if: $if) }`,
  ],
])('an operation is answered beside another one with %s', async (_, other) => {
  const request = { variables: { if: null }, operationName: 'Wanted' };
  const { status, body } = await askGateway(await gatewayOfFile(), `${WANTED} ${other}`, request);
  expect([status, body]).toEqual([200, { data: { chats: { edges: [] } } }]);
});

test('an operation is refused for a literal in a fragment that it uses', async () => {
  const query = `query Wanted { ...F } fragment F on Query { chatDebugSnapshot(chatId: "x") { chatId } } ${WANTED.replace('Wanted', 'Other')}`;
  const { status, body } = await askGateway(await gatewayOfFile(), query, { operationName: 'Wanted' });
  expect([status, body.errors?.[0]?.extensions.code]).toEqual([400, 'BAD_USER_INPUT']);
});

test.each([0, 1])(
  'a message that quotes what was received is cut between two characters, %d before them',
  async (more) => {
    const value = `${'x'.repeat(more)}${'😀'.repeat(600)}`;
    for (const [query, variables] of [
      ['query ($id: UUID!) { chatDebugSnapshot(chatId: $id) { chatId } }', { id: value }],
      ['query ($filter: ChatFilter) { chats(filter: $filter) { edges { cursor } } }', { filter: { first: value } }],
      ['query ($if: Boolean) { chats(filter: { suspect: $if }) { edges { cursor } } }', { if: value }],
    ] as const) {
      const { body } = await askGateway(await gatewayOfFile(), query, { variables });
      expect(body.errors?.[0]?.message).not.toMatch(/\p{Cs}/u);
      expect(body.errors?.[0]?.message).toContain('😀');
    }
  },
);
