/** A database subgraph with answers that none of ours would give. */
import { expect, test } from '@jest/globals';
import { pino } from 'pino';
import { clientErrors } from '../../gateway/queries/clientErrors.ts';
import { askGateway, gatewaysPerTest } from './gateways.ts';
import { sendJson, serversPerTest } from './httpServers.ts';

const servers = serversPerTest();
const startGateway = gatewaysPerTest();
const CHAT = 'cccccccc-0000-4000-8000-000000000001';

test.each([
  ['a text as the path of an error', { path: 'x' }],
  ['objects in the path of an error', { path: [{}, null] }],
  ['an error without a message', { message: undefined }],
])('%s costs nothing of the data', async (_, odd) => {
  const database = await servers.serve((response, { method }) => {
    if (method === 'GET') response.end('ok');
    else sendJson(response, 200, { data: { chatDebugSnapshot: { chatId: CHAT } }, errors: [{ message: 'x', ...odd }] });
  });
  const gateway = await startGateway(database);
  const { status, body } = await askGateway(gateway, `{ chatDebugSnapshot(chatId: "${CHAT}") { chatId } }`);
  expect([status, body.data]).toEqual([200, { chatDebugSnapshot: { chatId: CHAT } }]);
  expect(body.errors?.map(({ path, extensions }) => [path, extensions.code])).toEqual([
    [undefined, 'INTERNAL_SERVER_ERROR'],
  ]);
});

test('a value that the schema does not allow is told, where all other errors are about what was not asked for', () => {
  const error = { message: 'x', path: ['chat', 'required'], asked: 1, extensions: { code: 'DATABASE_UNAVAILABLE' } };
  const lost = [{ message: 'y', path: ['chat', 'executionState'] }];
  const data = { chat: { executionState: null } };
  const told = clientErrors({ data, errors: [error], lost }, 'r', pino({ level: 'silent' }));
  expect(told.map(({ path }) => path)).toEqual([undefined, ['chat', 'executionState']]);
});
