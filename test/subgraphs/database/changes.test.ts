/** Changes of chats, as the subgraph tells them to gateways. */
import { createInterface } from 'node:readline';
import { Readable } from 'node:stream';
import type { ReadableStream } from 'node:stream/web';
import { afterEach, beforeAll, describe, expect, test } from '@jest/globals';
import type { RunningServer } from '../../../server/app.ts';
import { signInternalToken } from '../../../server/tokens/internalToken.ts';
import { databasePerFile } from '../../support/database.ts';
import { until } from '../../support/until.ts';
import { createTables } from '../../upstream/tables.ts';
import { OPERATOR, SECRET, start } from './support/subgraph.ts';

const ends: (() => unknown)[] = [];
afterEach(async () => {
  for (const end of ends.splice(0).reverse()) await end();
});

/** Follows changes as a gateway does. */
async function follow(databaseUrl: string) {
  const server: RunningServer = await start({ databaseUrl, listenUrl: databaseUrl });
  const ending = new AbortController();
  ends.push(
    () => server.stop(),
    () => ending.abort(),
  );
  const headers = { authorization: `Bearer ${await signInternalToken(SECRET, 'database', OPERATOR)}` };
  const { body } = await fetch(`${server.url}/changes`, { headers, signal: ending.signal });
  const lines: { id?: string; connected?: boolean; changes?: [string, number | null][] }[] = [];
  const read = async () => {
    const input = Readable.fromWeb(body as ReadableStream).on('error', () => {});
    for await (const line of createInterface({ input })) if (line) lines.push(JSON.parse(line));
  };
  void read().catch(() => {});
  await until('it is connected', async () => lines.some(({ connected }) => connected === true));
  const path = `${server.url}/changes/${lines[0]?.id}`;
  return {
    changed: () => lines.flatMap(({ changes = [] }) => changes.map(([chatId]) => chatId)),
    setChats: async (...chatIds: string[]) => {
      const more = { 'content-type': 'application/json' };
      const body = JSON.stringify({ chatIds });
      return (await fetch(path, { method: 'POST', headers: { ...headers, ...more }, body })).status;
    },
  };
}

const A = '6c0e1a7e-1f0c-4d59-8a7b-2f6f4a1c9e01';
/** Id as any client may send it, though no UUID of any version looks so. */
const ODD = '00000000-0000-0000-0000-00000000000a';

describe('on a Coder deployment', () => {
  const database = databasePerFile('template0');
  beforeAll(() => createTables(database.pool));
  const tell = (chatId: string) => database.pool.query(`SELECT pg_notify('chat:update:' || $1, '{}')`, [chatId]);

  test('are told of a chat that was named before anything was asked of the tables', async () => {
    const { setChats, changed } = await follow(database.url);
    expect(await setChats(A)).toBe(204);
    await until('the change is told', async () => {
      await tell(A);
      return changed().includes(A);
    });
  });

  test('are told of every chat that is watched, whatever ids others watch', async () => {
    const { setChats, changed } = await follow(database.url);
    expect(await setChats(ODD, A)).toBe(204);
    await until('both changes are told', async () => {
      await Promise.all([tell(A), tell(ODD)]);
      return changed().includes(A) && changed().includes(ODD);
    });
  });
});
