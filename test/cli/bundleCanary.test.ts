/** Words of people, models and providers, put wherever a chat and its replicas may hold some: no bundle has them. */
import { randomUUID } from 'node:crypto';
import { describe, expect, jest, test } from '@jest/globals';
import { call, insertChat, insertHealthyChat, insertMessage, text } from '../subgraphs/database/support/rows.ts';
import { until } from '../support/until.ts';
import { bundlesPerFile, FROZEN } from './support/bundles.ts';
import { debugSystemPerFile } from './support/debugSystem.ts';

jest.setTimeout(240_000);

const system = debugSystemPerFile();
const { database, startReplica, debug, chat } = system;
const { taken } = bundlesPerFile(system);
const CANARY = 'canary bird sings';
const HAS_CANARY = /canary|bird|sings/i;

const WORDS = {
  title: CANARY,
  last_error: { kind: CANARY, message: CANARY, provider: CANARY, status_code: 500, extra: CANARY },
  retry_state: { attempt: 2, error: CANARY, kind: CANARY, retrying_at: CANARY },
};

/** A chat whose every column and message has the words. */
async function sung(): Promise<string> {
  const { id, workerId } = await insertHealthyChat(database.pool, { ...WORDS, status: 'requires_action' });
  const asked = { ...call('call_1', 'ask'), input: { words: CANARY } };
  await insertMessage(database.pool, id, 'user', [text(CANARY)]);
  await insertMessage(database.pool, id, 'assistant', [text(CANARY), asked, { type: 'reasoning', text: CANARY }]);
  await database.pool.query(
    `INSERT INTO chat_queued_messages (chat_id, content, position, created_by) VALUES ($1, $2, 1, gen_random_uuid())`,
    [id, JSON.stringify([text(CANARY)])],
  );
  await database.pool.query('UPDATE replicas SET error = $2 WHERE id = $1', [workerId, CANARY]);
  return id;
}

/** A chat that a model works on, whose words are in the messages and in the owner's memory. */
async function streamed(words: string, shown: RegExp): Promise<string> {
  await startReplica(FROZEN);
  const id = await chat('create', words, '--owner', randomUUID());
  await until(`the snapshot shows ${shown}`, async () => shown.test((await debug(['snapshot', id])).stdout));
  return id;
}

describe('no bundle has words', () => {
  test.each([
    ['of the title, errors, messages, tool calls, the queue and the replica’s row', sung],
    ['that a model streams', () => streamed(`/slow 60 ${CANARY}`, /buffer {8}\d+\/1 open: [1-9]/)],
    ['of a call of a tool outside', () => streamed(`/tool ask_person ${CANARY}`, /state A0/)],
    ['of a model that fails', () => streamed(`/fail ${CANARY}`, /last failure|retry {9}|state E0/)],
    ['of a chat that is read twice', () => insertChat(database.pool, { ...WORDS, status: 'paused' })],
  ])('%s', async (_, make) => {
    const id = await make();
    const [plain, hidden] = [await taken(id), await taken(id, { options: ['--anonymous'] })];
    expect(JSON.parse(plain.text)).toMatchObject({ snapshot: { chatId: id }, format: 'chat-debug-bundle/1' });
    for (const { text, stdout } of [plain, hidden]) {
      expect(text).not.toMatch(HAS_CANARY);
      expect(stdout).not.toMatch(HAS_CANARY);
    }
  });

  test('though the words are there to be seen by those who may', async () => {
    const { stdout } = await debug(['snapshot', await sung(), '--json']);
    expect(JSON.parse(stdout).chatDebugSnapshot.database).toMatchObject({
      title: CANARY,
      lastError: { message: CANARY },
      retryState: { error: CANARY },
    });
  });

  test('nor the token with which it was taken', async () => {
    const { text } = await taken(await insertChat(database.pool));
    expect(text).not.toContain(system.system.token);
    expect(text).not.toContain(system.system.token.split('.')[2]);
  });
});
