/** `npm run chat -- follow` on a chat whose owner is frozen: it keeps its connections, and says nothing any more. */
import { once } from 'node:events';
import { expect, jest, test } from '@jest/globals';
import { INTERNAL_SECRET } from '../gateway/gateways.ts';
import { serversPerTest } from '../gateway/httpServers.ts';
import { insertHealthyChat, insertReplica } from '../subgraphs/database/support/rows.ts';
import { spawnScript } from '../support/command.ts';
import { databasePerFile } from '../support/database.ts';
import { until } from '../support/until.ts';

jest.setTimeout(60_000);

const database = databasePerFile();
const { serve } = serversPerTest();

const episode = (attempt: number) =>
  `event: episode\ndata: ${JSON.stringify({ historyVersion: 1, generationAttempt: attempt })}\n\n`;
const part = (text: string) => `event: part\ndata: ${JSON.stringify({ part: { type: 'text-delta', text } })}\n\n`;

async function replicaAt(url: string): Promise<string> {
  const id = await insertReplica(database.pool);
  await database.pool.query('UPDATE replicas SET relay_address = $1 WHERE id = $2', [url, id]);
  return id;
}

test('it goes on with the owner that has taken the chat over, and ends with the turn', async () => {
  const frozen = await serve((response) => {
    response.writeHead(200, { 'content-type': 'text/event-stream' });
    response.write(`${episode(1)}${part('from the first')}`); // and never a word more
  });
  const heir = await serve((response) => {
    response.writeHead(200, { 'content-type': 'text/event-stream' });
    response.end(`${episode(2)}${part('from the second')}`, async () => {
      await database.pool.query(`UPDATE chats SET status = 'waiting', worker_id = NULL, runner_id = NULL`);
    });
  });
  const first = await replicaAt(frozen.url);
  const second = await replicaAt(heir.url);
  const { id } = await insertHealthyChat(database.pool, { worker_id: first });
  const settings = {
    DATABASE_URL: database.url,
    INTERNAL_SECRET,
    DATA_DIR: '/nonexistent',
    DATABASE_TIMEOUT_MS: '20000',
  };
  const child = spawnScript('dist/cli/chat.js', ['follow', id], settings);
  const ended = once(child, 'close');
  try {
    let said = '';
    child.stdout.setEncoding('utf8').on('data', (text) => {
      said += text;
    });
    await until('the first has spoken', () => said.includes('from the first'));
    await database.pool.query('UPDATE chats SET worker_id = $1, runner_id = gen_random_uuid()', [second]);
    await until('the second has spoken', () => said.includes('from the second'));
    expect(await ended).toEqual([0, null]);
    expect(said).toContain('The chat is in state W.');
  } finally {
    child.kill('SIGKILL');
    await ended;
  }
});
