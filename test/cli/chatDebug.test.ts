import { randomUUID } from 'node:crypto';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, describe, expect, jest, test } from '@jest/globals';
import { operations } from '../../cli/debug/operations.ts';
import { writeSystemFile } from '../../local/systemFile.ts';
import { askGateway, callerToken } from '../gateway/gateways.ts';
import { deadUrl, serversPerTest } from '../gateway/httpServers.ts';
import { insertChat, insertHeartbeat, insertReplica, queueMessages } from '../subgraphs/database/support/rows.ts';
import { until } from '../support/until.ts';
import { debugSystemPerFile, NOWHERE } from './support/debugSystem.ts';

jest.setTimeout(120_000);

const { database, startReplica, system, debug, chat } = debugSystemPerFile();
const servers = serversPerTest();
const CONTROLS = /[^\P{Cc}\n]/u;

/** Written for a pipe: no colours, nothing that moves a cursor, 80 columns. A command stays whole, to be copied. */
function expectPlain(text: string): void {
  expect(text).not.toMatch(CONTROLS);
  const wrapped = text.split('\n').filter((line) => !line.trimStart().startsWith('npm run '));
  for (const line of wrapped) expect([line, line.length <= 80]).toEqual([line, true]);
}

const atRest = (columns = {}) => insertChat(database.pool, { status: 'waiting', ...columns });
const paused = () => insertChat(database.pool, { status: 'paused' });
/** Owned by a replica that is not there, with a fresh lease: what is the matter cannot be known. */
async function away(): Promise<string> {
  const worker_id = await insertReplica(database.pool);
  const runner_id = randomUUID();
  const id = await insertChat(database.pool, { status: 'running', worker_id, runner_id });
  await insertHeartbeat(database.pool, id, runner_id, `now() + interval '1 second'`);
  return id;
}

const ages = (data: unknown): unknown =>
  JSON.parse(JSON.stringify(data, (name, value) => (/Seconds|Ms$/.test(name) && value !== null ? 'age' : value)));

describe('snapshot', () => {
  test('shows both halves of a chat that a replica works on, with ages in words', async () => {
    const { workerId } = await startReplica();
    const id = await chat('create', '/slow 60 tell me', '--owner', randomUUID());
    const shown = await until('the snapshot shows a buffer', async () => {
      const finished = await debug(['snapshot', id]);
      return finished.stdout.includes('buffer') && finished;
    });
    expect(shown).toMatchObject({ code: 0, stderr: '' });
    expectPlain(shown.stdout);
    const text = shown.stdout.replace(/\d+(\.\d)? (s|min)/g, 'T').replace(/\d+ ms/g, 'MS');
    for (const line of [
      `WORKING  chat ${id}, state R0`,
      `  owner         replica ${workerId}`,
      '  lease         fresh',
      '                renewed T ago, good for T',
      `  replica       ${workerId}`,
      '  asked         OK in MS at http://127.0.0.1:',
      '  task          generation for T, call 1 of the model, last progress T',
      '  messages      1: 1 user, 0 deleted',
    ]) {
      expect(text).toContain(line);
    }
    expect(text).toMatch(/buffer {8}\d+\/1 open: \d+ parts?, \d+ bytes; 0 readers/);
  });

  test('what a title holds moves no cursor and breaks no line, and comes whole as JSON', async () => {
    const title = `\u001b]0;owned\u0007\u001b[2J\u009b31mred\r\n${'long'.repeat(60)}`;
    const id = await atRest({ title });
    const [shown, json] = [await debug(['snapshot', id]), await debug(['snapshot', id, '--json'])];
    expectPlain(shown.stdout);
    expect(shown.stdout).toMatch(/ title {8,9}\]0;owned\[2J31mred\n +(long)+l?o?n?…/);
    expect(json.stdout).not.toMatch(CONTROLS);
    expect(JSON.parse(json.stdout)).toMatchObject({ chatDebugSnapshot: { database: { title } } });
  });

  test('says below what was not answered of it, to the end of the sentence', async () => {
    const id = await away();
    const { code, stdout } = await debug(['snapshot', id]);
    expect(code).toBe(2);
    expectPlain(stdout);
    expect(stdout).toMatch(/ asked {8,9}UNREACHABLE/);
    expect(stdout).toMatch(
      /\n\nNot answered: chatDebugSnapshot\.runtime\.localWorkerId: [^…]+\(REPLICA_UNREACHABLE\)\n$/,
    );
    const json = await debug(['snapshot', id, '--json']);
    expect(JSON.parse(json.stdout)).toMatchObject({ chatDebugSnapshot: { runtime: { runners: null } } });
    expect(json.stderr).toContain('(REPLICA_UNREACHABLE)');
  });
});

describe('--json', () => {
  test.each([
    ['snapshot', 'snapshot'],
    ['why', 'why'],
    ['why', 'whyEverywhere'],
    ['replicas', 'replicas'],
  ] as const)('%s is the data of the answer to %s.graphql', async (command, operation) => {
    await insertReplica(database.pool);
    const id = await paused();
    const args = [
      command,
      ...(command === 'replicas' ? [] : [id]),
      ...(operation === 'whyEverywhere' ? ['--everywhere'] : []),
    ];
    const { stdout, code } = await debug([...args, '--json']);
    const { body } = await askGateway(system, operations[operation], { variables: { chat: id } });
    expect(code).toBe(1);
    const { database: health, ...rest } = JSON.parse(stdout) as Record<string, unknown>;
    expect(ages(rest)).toEqual(ages(body.data));
    if (operation === 'replicas') expect(health).toMatchObject({ canWrite: true, platform: 'own' }); // an answer of its own
  });
});

describe('why', () => {
  test('says what is the matter, how that is known, and what to do, the command on a line of its own', async () => {
    const id = await paused();
    const { code, stdout } = await debug(['why', id]);
    expect(code).toBe(1);
    expectPlain(stdout);
    expect(stdout.split('\n')).toEqual(
      expect.arrayContaining([
        `STUCK  chat ${id}, state INVALID`,
        'CRITICAL  INVALID_STATE',
        '    database  executionState = INVALID',
        '    database  database.status = paused',
        '  Repair it.',
        `    npm run chat-debug -- fix ${id} --action reconcile`,
        '  See docs/runbook.md#invalid-state',
      ]),
    );
  });

  test('--everywhere asks every replica, which needs the role', async () => {
    const [owner, id] = [randomUUID(), randomUUID()];
    await atRest({ id, owner_id: owner });
    const replica = await startReplica();
    const everywhere = await debug(['why', id, '--everywhere']);
    expect(everywhere).toMatchObject({ code: 0, stderr: '', stdout: expect.stringContaining('IDLE') });
    await replica.stop();
    const token = await callerToken({ sub: owner, roles: [] });
    expect(await debug(['why', id, '--token', token])).toMatchObject({ code: 0 });
    const refused = await debug(['why', id, '--everywhere', '--token', token]);
    expect(refused).toMatchObject({ code: 2, stdout: '' });
    expect(refused.stderr).toMatch(/^This needs the role chat-debug:read-all\. \(FORBIDDEN\)\n$/);
  });
});

describe('stuck', () => {
  test('lists what is in trouble or may be, the oldest first, and leaves out what only looks like it', async () => {
    const { workerId } = await startReplica();
    const working = await chat('create', '/slow 60 tell me', '--owner', randomUUID());
    await until('nothing is wrong with the chat', async () => (await debug(['why', working])).code === 0);
    await database.pool.query(`UPDATE chats SET updated_at = now() - interval '2 hours' WHERE id = $1`, [working]);
    const since = (age: string) => ({ updated_at: `now() - interval '${age}'` });
    const invalid = await insertChat(database.pool, { status: 'paused', ...since('2 days') });
    const blocked = await insertChat(database.pool, { status: 'error', ...since('3 hours') });
    await queueMessages(database.pool, blocked, 2);
    await atRest(since('9 days'));

    const { code, stdout, stderr } = await debug(['stuck']);
    expect({ code, stderr }).toEqual({ code: 1, stderr: '' });
    expectPlain(stdout);
    expect(stdout).not.toContain(working);
    expect(workerId).toBeDefined();
    const [head, first, , second] = stdout.split('\n').filter((line) => !line.startsWith('  '));
    expect(head).toMatch(/^chat +state +verdict +for +owner$/);
    expect([first, second]).toEqual([expect.stringContaining(`${invalid}  INVALID  STUCK    2 days`), '']);
    expect(stdout).toMatch(
      new RegExp(`${invalid}[^]*INVALID_STATE: Its status[^]*${blocked}  E1 +FAILED +3 h[^]*QUEUE_BLOCKED: 2`),
    );
    expect(stdout).toContain('2 chats, of 3 that look like trouble.\nnpm run chat-debug -- why <chat> says');

    const one = await debug(['stuck', '--first', '1', '--json']);
    const { chats } = JSON.parse(one.stdout) as { chats: { edges: { node: { chatId: string } }[] } };
    expect(chats.edges.map(({ node }) => node.chatId)).toEqual([invalid]);
  });

  test('goes on from page to page until it has as many as it should show', async () => {
    await Promise.all(Array.from({ length: 60 }, paused));
    const { stdout } = await debug(['stuck', '--first', '55']);
    expect(stdout.match(/INVALID_STATE/g)).toHaveLength(55);
    expect(stdout).toContain('55 chats, of 55 that look like trouble so far: --first shows more.');
    expect((await debug(['stuck', '--first', '1000'])).stdout).toContain('60 chats, of 60 that look like trouble.');
  });

  test('says so when there is none', async () => {
    await atRest();
    expect(await debug(['stuck'])).toEqual({
      ...{ code: 0, stderr: '' },
      stdout: 'No chat is in trouble.\n',
    });
  });
});

describe('replicas', () => {
  test('are shown with what they hold; one that is away and still owns chats is trouble', async () => {
    const { workerId } = await startReplica();
    const well = await debug(['replicas']);
    expect(well).toMatchObject({ code: 0, stderr: '' });
    expectPlain(well.stdout);
    expect(well.stdout).toContain(`${workerId}  yes    OK               0       0/100\n`);
    expect(well.stdout).toMatch(/\n {2}test, version \S+, event loop delay \d+ ms\n\n1 of 1 replica alive\.\n$/);

    const gone = await insertReplica(database.pool, { updated_at: `now() - interval '1 hour'` });
    expect((await debug(['replicas'])).code).toBe(0);
    await insertChat(database.pool, { status: 'waiting', worker_id: gone, runner_id: randomUUID() });
    const ill = await debug(['replicas']);
    expect(ill.code).toBe(1);
    expect(ill.stdout).toContain(`${gone}  no     UNREACHABLE      1       –\n`);
    expect(ill.stdout).toContain('  it has not been heard of, and 1 chat still names it as the owner\n');
  });
});

describe('exit codes', () => {
  test('0 without trouble, 1 with it, 2 when that cannot be known', async () => {
    for (const command of ['snapshot', 'why']) {
      const ids = [await atRest(), await paused(), await away()]; // the last one's lease is fresh for half a minute
      const codes = await Promise.all(ids.map(async (id) => (await debug([command, id])).code));
      expect([command, codes]).toEqual([command, [0, 1, 2]]);
    }
  });

  test.each([
    [['dance'], "unknown command 'dance'"],
    [['why'], "missing required argument 'chat'"],
    [['why', 'nonsense'], 'It must be a UUID'],
    [['stuck', '--first', '0'], 'from 1 to 1000'],
    [['replicas', '--url', 'ftp://here'], 'It must be an http or https URL.'],
    [['stuck', '--watch', '--interval', '0'], 'from 0.1'],
  ])('%j is 2 and says what is wrong', async (args, sentence) => {
    const finished = await debug(args);
    expect(finished.stderr).toContain(sentence);
    expect(finished).toMatchObject({ code: 2, stdout: '' });
  });

  test('2 and a sentence for a chat that is not there', async () => {
    const id = randomUUID();
    for (const args of [
      ['snapshot', id],
      ['why', id],
      ['why', id, '--everywhere'],
    ]) {
      expect(await debug(args)).toEqual({
        ...{ code: 2, stdout: '' },
        stderr: `There is no chat ${id}, or it is not yours to read: the gateway does not tell the two apart.\n`,
      });
    }
  });

  test('2 and what to do, when the gateway is away, is none, or does not take the token', async () => {
    const dead = await deadUrl();
    expect(await debug(['stuck', '--url', dead])).toEqual({
      ...{ code: 2, stdout: '' },
      stderr: `The gateway at ${dead}/graphql does not answer (ECONNREFUSED). Is the system running?\n`,
    });
    const page = await servers.serve((response) => response.setHeader('content-type', 'text/html').end('<html>'));
    const noGateway = await debug(['stuck', '--url', page.url]);
    expect(noGateway.stderr).toContain('is no GraphQL gateway: status 200, text/html. Check --url.');
    const refused = await debug(['stuck', '--token', 'nonsense']);
    expect(refused.stderr).toContain('does not take the token. Give another with --token or CHAT_DEBUG_TOKEN;');
    expect([noGateway.code, refused.code]).toEqual([2, 2]);
  });
});

describe('which gateway is asked', () => {
  const dataDir = mkdtempSync(join(tmpdir(), 'chat-debug-terminal-'));
  afterAll(() => rmSync(dataDir, { recursive: true }));

  test('that of a system on the same DATA_DIR, whose token no other gateway gets', async () => {
    const secrets = { databaseUrl: '', authSecret: '', internalSecret: '', ownerId: '' };
    writeSystemFile(dataDir, { ...secrets, gatewayUrl: system.url, token: system.token });
    const found = { CHAT_DEBUG_URL: '', CHAT_DEBUG_TOKEN: '', DATA_DIR: dataDir };
    expect(await debug(['stuck'], found)).toMatchObject({ code: 0, stderr: '' });
    const other = await servers.serve((response) => response.end('{}'));
    const refused = await debug(['stuck', '--url', other.url], found);
    expect(refused).toMatchObject({ code: 2, stderr: expect.stringContaining(`There is no token for ${other.url}`) });
    expect(other.received).toEqual([]);
    const none = await debug(['stuck'], { ...found, DATA_DIR: NOWHERE });
    expect(none.stderr).toContain('Run `npm start` in another terminal, or give --token, or set CHAT_DEBUG_TOKEN.');
  });
});
