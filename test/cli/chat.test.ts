import { randomUUID } from 'node:crypto';
import { once } from 'node:events';
import { describe, expect, jest, test } from '@jest/globals';
import { ChatStore } from '../../subgraphs/runtime/chatd/chatStore.ts';
import { runScript, spawnScript } from '../support/command.ts';
import { createDatabase, databasePerFile } from '../support/database.ts';
import { INTERNAL_SECRET, replicasPerTest } from '../support/replica.ts';
import { until } from '../support/until.ts';

jest.setTimeout(300_000); // one test starts twelve processes, one after another

const database = databasePerFile();
const startReplica = replicasPerTest(() => database.url);
const owner = randomUUID();
const UUID_LINE = /^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}\n$/;

/** Settings for a machine under load. */
const PATIENT = { DATABASE_TIMEOUT_MS: '20000' };
const environment = () => ({ DATABASE_URL: database.url, INTERNAL_SECRET, DATA_DIR: '/nonexistent', ...PATIENT });
const chat = (...args: string[]) => runScript('dist/cli/chat.js', args, environment());

async function create(text: string): Promise<string> {
  const { stdout, stderr, code } = await chat('create', text, '--owner', owner);
  expect({ code, stderr }).toEqual({ code: 0, stderr: '' });
  expect(stdout).toMatch(UUID_LINE);
  return stdout.trim();
}

/** Follows it to its end. @param meanwhile is given what it has printed until now; what it rejects with ends the following */
async function follow(id: string, meanwhile: (stdout: () => string) => Promise<void>) {
  const child = spawnScript('dist/cli/chat.js', ['follow', id], environment());
  const closed = once(child, 'close');
  let stdout = '';
  child.stdout.setEncoding('utf8').on('data', (chunk) => {
    stdout += chunk;
  });
  try {
    await meanwhile(() => stdout);
  } catch (error) {
    child.kill();
    throw error;
  }
  const [code] = (await closed) as [number | null];
  return { stdout, code };
}

describe('npm run chat', () => {
  test('creates a chat, queues a message, interrupts, and says where each step led', async () => {
    const id = await create('hello');
    expect((await chat('send', id, 'and more')).stdout).toBe(`${id}: R0 → R1\n`);
    expect((await chat('interrupt', id)).stdout).toBe(`${id}: R1 → I1\n`);
    const list = await chat('list', '--owner', owner);
    expect(list.stdout).toContain(id);
    expect(list.stdout).toContain('I1');
  });

  test('archives a chat at rest, refuses to archive a running one, and says why', async () => {
    const id = await create('hello');
    const refused = await chat('archive', id);
    expect(refused).toEqual({
      code: 1,
      stdout: '',
      stderr: 'The transition archive is not possible: the chat is in state R0.\n',
    });
    await database.pool.query(`UPDATE chats SET status = 'waiting' WHERE id = $1`, [id]);
    expect((await chat('archive', id)).stdout).toBe(`${id}: W → XW\n`);
    expect((await chat('unarchive', id)).stdout).toBe(`${id}: XW → W\n`);
  });

  test('reaches every other transition of a person and of an operator', async () => {
    const id = await create('hello');
    const rows = async () =>
      (await chat('show', id)).stdout
        .trim()
        .split('\n')
        .map((line) => line.trim().split(/\s+/));
    await chat('send', id, 'first');
    await chat('send', id, 'second');
    const [, first, second] = await rows();
    expect([first?.slice(1), second?.slice(1)]).toEqual([
      ['queued', 'first'],
      ['queued', 'second'],
    ]);
    expect((await chat('delete-queued', id, first?.[0] ?? '')).stdout).toBe(`${id}: R1 → R1\n`);
    expect((await chat('promote-queued', id, second?.[0] ?? '')).stdout).toBe(`${id}: R1 → I1\n`);
    const [message] = await rows();
    expect((await chat('edit', id, message?.[0] ?? '', 'instead')).stdout).toBe(`${id}: I1 → R0\n`);
    expect((await rows()).map((row) => row.slice(1))).toEqual([['user', 'instead']]);
    expect((await chat('send', id, 'now', '--interrupt')).stdout).toBe(`${id}: R0 → I1\n`);
    expect((await chat('release', id)).stdout).toBe(`${id}: I1 → I1\n`);
    await database.pool.query(`UPDATE chats SET status = 'paused' WHERE id = $1`, [id]);
    expect((await chat('reconcile', id)).stdout).toBe(`${id}: INVALID → E1\n`);
  });

  test('answers the tool calls that a chat waits for', async () => {
    await startReplica({ actionTimeoutSeconds: 3_600 });
    const id = await create('/tool ask_person');
    const call = await until(
      'the chat shows an open call',
      async () => /open call (\S+) of ask_person/.exec((await chat('show', id)).stdout)?.[1],
    );
    await until('the list shows A0', async () => (await chat('list')).stdout.includes('A0'));
    expect((await chat('tool-result', id, 'wrong=1')).stderr).toContain(`no result was given for the call ${call}`);
    expect((await chat('tool-result', id, `${call}={"answer": 42}`)).stdout).toBe(`${id}: A0 → R0\n`);
    expect((await chat('show', id)).stdout).toContain('"value":{"answer":42}');
  });

  test('follows a chat from its first word to the end of its turn, each word once', async () => {
    await startReplica({ staleAfterSeconds: 60 }); // one that lost the chat would begin its turn again
    const id = await create('/slow 3600');
    const { stdout, code } = await follow(id, async (text) => {
      await until('the fourth word is shown', () => text().includes('word-4'));
      await new ChatStore(database.pool).apply(id, { name: 'interrupt' });
    });
    expect(code).toBe(0);
    expect(stdout).toMatch(/The chat is in state W\.\n$/);
    const words = stdout.match(/word-\d+/g) ?? [];
    expect(words.length).toBeGreaterThan(3);
    expect(words).toEqual(words.map((_word, place) => `word-${place + 1}`));
  });

  test.each([
    [['send', 'nonsense', 'text'], 2, 'It must be a UUID'],
    [['create'], 2, "missing required argument 'text'"],
    [['dance'], 2, "unknown command 'dance'"],
    [['create', '  ', '--owner', owner], 2, 'The message is empty.'],
    [['edit', owner, 'first', 'text'], 2, 'It must be the number of a row.'],
    [['tool-result', owner, 'no output'], 1, `There is no chat ${owner}.`],
    [['create', 'hello'], 1, 'Whose chat shall it be?'],
    [['interrupt', owner], 1, `There is no chat ${owner}.`],
  ])('%j ends with %i and a sentence', async (args, code, sentence) => {
    const finished = await chat(...args);
    expect(finished.stderr).toContain(sentence);
    expect(finished).toMatchObject({ code, stdout: '' });
  });

  test('does nothing on a database that is not this project’s, and says what it found', async () => {
    const foreign = await createDatabase('template0');
    try {
      await foreign.pool.query('CREATE TABLE chats (id uuid)');
      const finished = await runScript('dist/cli/chat.js', ['list'], { DATABASE_URL: foreign.url });
      expect(finished.code).toBe(1);
      expect(finished.stderr).toContain('found the tables chats, and no record of a migration');
    } finally {
      await foreign.drop();
    }
  });

  test('without a system and without DATABASE_URL it says what to do', async () => {
    const finished = await runScript('dist/cli/chat.js', ['list'], { DATA_DIR: '/nonexistent' });
    expect(finished.code).toBe(1);
    expect(finished.stderr).toContain('Run `npm start` in another terminal, or set DATABASE_URL.');
  });
});
