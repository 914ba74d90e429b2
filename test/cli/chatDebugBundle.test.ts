/** `npm run chat-debug -- bundle`, `why --from` and `diff`, as a person runs them. */
import { randomUUID } from 'node:crypto';
import { statSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, jest, test } from '@jest/globals';
import { callerToken } from '../gateway/gateways.ts';
import { insertChat } from '../subgraphs/database/support/rows.ts';
import { bundlesPerFile, FROZEN, unwrapped } from './support/bundles.ts';
import { debugSystemPerFile } from './support/debugSystem.ts';

jest.setTimeout(240_000);

const system = debugSystemPerFile();
const { database, startReplica, debug, chat } = system;
const { folder, fileFor, taken, offline, untilVerdict } = bundlesPerFile(system);
const ago = (time: string) => `now() - interval '${time}'`;

describe('a bundle of a chat', () => {
  test('is printed as `why` prints it, with one note below', async () => {
    const id = await insertChat(database.pool, { status: 'paused', updated_at: ago('5 h') });
    const { file } = await taken(id);
    const [live, read] = [await debug(['why', id]), await offline('why', '--from', file)];
    const ages = (text: string) => text.replace(/Seconds = [\d.]+/g, 'Seconds = AGE');
    const [shown, note] = read.stdout.split(/\n\n(?=From a bundle)/);
    expect(ages(shown ?? '')).toBe(ages(live.stdout.trimEnd()));
    expect(unwrapped(note ?? '')).toMatch(/^From a bundle, taken 20\S+Z by an-operator: ages are as of then\. $/);
    const [liveJson, json] = [await debug(['why', id, '--json']), await offline('why', '--from', file, '--json')];
    expect(JSON.parse(ages(json.stdout))).toMatchObject({
      chatDebugSnapshot: { ...JSON.parse(liveJson.stdout).chatDebugSnapshot, diagnosis: { verdict: 'STUCK' } },
    });
  });

  test('goes to standard output without -o, and to a file that only its user reads', async () => {
    const id = await insertChat(database.pool, { status: 'waiting' });
    const { file, stdout, text } = await taken(id);
    expect(stdout).toMatch(/\.json: Idle: /);
    expect(statSync(file).mode & 0o777).toBe(0o600);
    const printed = await debug(['bundle', id]);
    expect(printed).toMatchObject({ code: 0, stderr: '' });
    expect(Object.keys(JSON.parse(printed.stdout))).toEqual(Object.keys(JSON.parse(text)));
  });

  test('without the role holds the chat and neither replicas nor addresses, and says what is missing', async () => {
    await startReplica(FROZEN);
    const owner = randomUUID();
    const id = await chat('create', '/slow 120', '--owner', owner);
    await untilVerdict(id, 'WORKING');
    const { text, file } = await taken(id, { token: await callerToken({ sub: owner }) });
    const bundle = JSON.parse(text);
    expect(bundle).toMatchObject({ takenBy: { sub: owner, roles: [] }, replicas: null, server: null });
    expect(bundle.snapshot).toMatchObject({
      everywhere: null,
      runtime: { reachability: { status: 'OK', address: null } },
    });
    expect(bundle.notAnswered).toContainEqual({ path: 'replicas', code: 'FORBIDDEN' });
    expect(text).not.toMatch(/127\.0\.0\.1|localhost/);
    const everywhere = await offline('why', '--everywhere', '--from', file);
    expect(everywhere).toMatchObject({ code: 2, stdout: '' });
    expect(everywhere.stderr).toMatch(/^The bundle does not hold what every replica had in memory\./);
  });

  test('is anonymous if asked: no id, no hostname, no address of the other, and the same verdict', async () => {
    const { workerId } = await startReplica(FROZEN);
    const id = await chat('create', '/slow 120', '--owner', randomUUID());
    await untilVerdict(id, 'WORKING');
    const plain = await taken(id);
    const hidden = await taken(id, { options: ['--anonymous', '--salt', 'a'] });
    const again = await taken(id, { options: ['--anonymous', '--salt', 'a'] });
    const { hostname } = JSON.parse(plain.text).replicas[0];
    for (const name of [id, workerId, hostname, '127.0.0.1']) {
      expect(plain.text).toContain(name);
      expect(hidden.text).not.toContain(name);
    }
    expect(hidden.stdout).not.toContain(workerId);
    expect(JSON.parse(again.text).snapshot.chatId).toBe(JSON.parse(hidden.text).snapshot.chatId);
    expect((await offline('why', '--from', hidden.file)).stdout).toMatch(/^WORKING {2}chat /);
  });
});

describe('a chat or a gateway that cannot be asked', () => {
  test.each([
    ['there is no such chat', async () => [randomUUID()], 'There is no chat '],
    [
      'the file cannot be written',
      async () => [await insertChat(database.pool), '-o', join(folder, 'none', 'a')],
      'The file ',
    ],
    ['--salt has no use', async () => [randomUUID(), '--salt', 'a'], '--salt needs --anonymous.'],
  ])('%s: ends with 2 and the reason', async (_, args, reason) => {
    const { code, stdout, stderr } = await debug(['bundle', ...(await args())]);
    expect({ code, stdout }).toEqual({ code: 2, stdout: '' });
    expect(stderr.slice(0, reason.length)).toBe(reason);
  });
});

describe('a file', () => {
  test.each([
    ['why', (file: string) => ['why', '--from', file]],
    ['diff', (file: string) => ['diff', file, file]],
  ])('that is no bundle ends `%s` with 2 and the reason', async (_, args) => {
    const file = fileFor();
    writeFileSync(file, '{ "format": "chat-debug-bun');
    const { code, stdout, stderr } = await offline(...args(file));
    expect({ code, stdout }).toEqual({ code: 2, stdout: '' });
    expect(stderr).toMatch(/^The file \S+ is cut off/);
  });

  test('with foreign text in it moves no cursor', async () => {
    const { file, text } = await taken(await insertChat(database.pool, { status: 'paused' }));
    writeFileSync(file, text.replaceAll('"paused"', JSON.stringify('\u001b[2J\u0007paused')));
    for (const args of [
      ['why', '--from', file],
      ['why', '--json', '--from', file],
      ['diff', file, file],
    ]) {
      expect((await offline(...args)).stdout).not.toMatch(/[^\P{Cc}\n]/u);
    }
  });

  test('of another chat than the one named is refused, and is not watched', async () => {
    const { file } = await taken(await insertChat(database.pool));
    const other = await offline('why', randomUUID(), '--from', file);
    expect([other.code, other.stderr]).toEqual([2, expect.stringMatching(/^The bundle is of another chat: /)]);
    expect((await offline('why', '--watch', '--from', file)).code).toBe(2);
  });
});

describe('diff', () => {
  test('says what changed between two bundles, and ends by the second', async () => {
    const id = await chat('create', 'hello', '--owner', randomUUID());
    const before = await taken(id);
    await chat('send', id, 'and again');
    await database.pool.query(`UPDATE chats SET updated_at = ${ago('10 min')} WHERE id = $1`, [id]);
    const after = await taken(id);
    const { code, stdout, stderr } = await offline('diff', before.file, after.file);
    expect({ code, stderr }).toEqual({ code: 1, stderr: '' });
    expect(stdout).toMatch(new RegExp(`^STUCK  chat ${id}\n`));
    expect(stdout).toMatch(/\n {2}verdict +WORKING → STUCK\n/);
    expect(stdout).toMatch(/\n {2}queued +0 → 1\n/);
    expect(stdout).toMatch(/\n {2}state +R0 → R1\n/);
    expect(stdout).toMatch(/NO_OWNER/);
    expect(stdout).toMatch(/\nHappened\n {2}\d\d:\d\d:\d\d +\S.*, R0 → R1\n/);
    expect(unwrapped(stdout)).toMatch(/Unchanged: .*owner, runner/);
    const json = await offline('diff', before.file, after.file, '--json');
    expect(JSON.parse(json.stdout).changed).toContainEqual({ what: 'queued', before: '0', after: '1' });
  });
});
