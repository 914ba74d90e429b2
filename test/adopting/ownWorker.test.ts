/** A replica of this project at work, asked by runtime protocol 1: it keeps every promise, and its answers are the examples. */
import { randomUUID } from 'node:crypto';
import { expect, test } from '@jest/globals';
import { EXAMPLES_FILE } from '../../scripts/protocol.ts';
import { OWN_CALLER, signInternalToken } from '../../server/tokens/internalToken.ts';
import { ChatStore } from '../../subgraphs/runtime/chatd/chatStore.ts';
import { runScript } from '../support/command.ts';
import { databasePerFile } from '../support/database.ts';
import { expectKept } from '../support/examples.ts';
import { INTERNAL_SECRET, replicasPerTest } from '../support/replica.ts';
import { until } from '../support/until.ts';
import { settled, steadyExamples } from './protocolExamples.ts';

const database = databasePerFile();
const startReplica = replicasPerTest(() => database.url);

test('the conformance kit finds nothing, and the answers are those of the documents', async () => {
  const { url, workerId } = await startReplica({ maxRunners: 10, heartbeatIntervalSeconds: 9, hostname: 'test' });
  const { id } = await new ChatStore(database.pool).create({ ownerId: randomUUID(), text: '/slow 300' });
  const token = await signInternalToken(INTERNAL_SECRET, workerId, OWN_CALLER);
  const ask = async (path: string, options: RequestInit = {}, bearer = token) => {
    const headers = { authorization: `Bearer ${bearer}`, 'content-type': 'application/json' };
    return (await fetch(`${url}/chat-debug/v1/${path}`, { ...options, headers })).json() as Promise<unknown>;
  };
  const ChatsQuestion = { chatIds: [id, randomUUID()] };
  const chats = () => ask('chats', { method: 'POST', body: JSON.stringify(ChatsQuestion) });
  const ChatsAnswer = await until('the model streams', async () => {
    const answer = await chats();
    return JSON.stringify(answer).includes('"lastPartAt":"') ? answer : undefined;
  });

  const { code, stdout } = await runScript('dist/cli/conformance.js', [url], {
    ...{ INTERNAL_SECRET, REPLICA_TIMEOUT_MS: '20000' },
  });
  expect([code, stdout]).toEqual([0, expect.stringContaining('The worker speaks chat-debug-runtime/1.')]);

  const other = await signInternalToken(INTERNAL_SECRET, randomUUID(), OWN_CALLER);
  const answers = {
    ...{ ReplicaAnswer: await ask('replica?runners=2'), ChatsQuestion, ChatsAnswer },
    Problem: await ask('replica', {}, other),
  };
  expectKept(EXAMPLES_FILE, settled(answers), steadyExamples);
});
