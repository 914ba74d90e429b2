/** The subgraph as a process of its own, as `npm run start:database` starts it. */
import { fork } from 'node:child_process';
import { once } from 'node:events';
import { fileURLToPath } from 'node:url';
import { describe, expect, test } from '@jest/globals';
import type { ReadyMessage } from '../../../server/lifecycle.ts';
import { runScript } from '../../support/command.ts';
import { databasePerFile } from '../../support/database.ts';
import { insertChat } from './support/rows.ts';
import { asking, entities, SECRET } from './support/subgraph.ts';

const database = databasePerFile();
const SCRIPT = 'dist/database.js';
const MAIN = fileURLToPath(new URL(`../../../${SCRIPT}`, import.meta.url));

async function startProcess(environment: Record<string, string>) {
  const settings = { INTERNAL_SECRET: SECRET, DATABASE_SUBGRAPH_PORT: '0', DATABASE_TIMEOUT_MS: '20000' };
  const child = fork(MAIN, { env: { ...settings, LOG_LEVEL: 'silent', ...environment } });
  const exit = once(child, 'exit');
  const [{ ready }] = (await Promise.race([once(child, 'message'), exit.then(() => [{}])])) as [Partial<ReadyMessage>];
  return { url: ready?.url ?? '', child, exit };
}

describe('the process', () => {
  test('says where it is once it listens, answers, and ends in order when it is told to', async () => {
    const id = await insertChat(database.pool);
    const { url, child, exit } = await startProcess({ DATABASE_URL: database.url });
    const { data, errors } = await asking(() => url)(`{ chatDebugSnapshot(chatId: "${id}") { chatId } }`);
    expect([errors, data]).toEqual([[], { chatDebugSnapshot: { chatId: id } }]);
    child.kill('SIGTERM');
    expect(await exit).toEqual([0, null]);
  });

  test('starts while the database is down', async () => {
    const { url, child, exit } = await startProcess({ DATABASE_URL: 'postgres://nobody@127.0.0.1:1/nothing' });
    expect((await asking(() => url)('{ chats { edges { cursor } } }')).errors).toMatchObject([
      { extensions: { code: 'DATABASE_UNAVAILABLE' } },
    ]);
    child.kill('SIGTERM');
    expect(await exit).toEqual([0, null]);
  });

  test('lives on when an entity of an unknown type is asked for beside one with a malformed id', async () => {
    const { url, child, exit } = await startProcess({ DATABASE_URL: database.url });
    const refused = await entities(
      asking(() => url),
      [{ __typename: 'ChatDebugSnapshot', chatId: 'zz' }, { __typename: 'Nope' }],
      '',
    );
    expect([refused.status, refused.data]).toEqual([400, undefined]);
    expect(refused.errors).toMatchObject([{ extensions: { code: 'BAD_USER_INPUT' } }]);
    expect((await asking(() => url)('{ chats { edges { cursor } } }')).errors).toEqual([]);
    child.kill('SIGTERM');
    expect(await exit).toEqual([0, null]);
  });

  test('names every setting that is missing or wrong, and does not start', async () => {
    const { code, stderr } = await runScript(SCRIPT, [], { DATABASE_TIMEOUT_MS: 'soon', INTERNAL_SECRET: 'too short' });
    expect(code).toBe(1);
    for (const name of ['DATABASE_URL', 'INTERNAL_SECRET', 'DATABASE_TIMEOUT_MS'])
      expect(stderr).toContain(`${name}: `);
    expect(stderr).not.toContain('too short');
  });
});
