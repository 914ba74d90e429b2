/** Assistants while a subgraph is in trouble: what could not be read is not said to be missing. */
import { randomUUID } from 'node:crypto';
import { expect, test } from '@jest/globals';
import { assistantsPerTest, callTool } from '../support/mcpClient.ts';
import { callerToken, gatewaysPerTest } from './gateways.ts';
import { deadUrl, sendJson, serversPerTest } from './httpServers.ts';

const servers = serversPerTest();
const startGateway = gatewaysPerTest();
const assistants = assistantsPerTest();
const TOOLS = ['why', 'snapshot', 'history', 'preview'];

test.each(TOOLS)('%s says that the database did not answer, and not that there is no such chat', async (name) => {
  const client = await assistants.overHttp(await startGateway({ url: await deadUrl() }), await callerToken());
  const { isError, text } = await callTool(client, name, { chatId: randomUUID() });
  expect([isError, text]).toEqual([true, expect.stringMatching(/^The database did not answer.*DATABASE_UNAVAILABLE/)]);
});

test.each(TOOLS)('%s says that a chat is not there where the database says so', async (name) => {
  const database = await servers.serve((response) => sendJson(response, 200, { data: { chatDebugSnapshot: null } }));
  const client = await assistants.overHttp(await startGateway(database), await callerToken());
  const { isError, text } = await callTool(client, name, { chatId: randomUUID() });
  expect([isError, text]).toEqual([true, expect.stringMatching(/^There is no chat/)]);
});
