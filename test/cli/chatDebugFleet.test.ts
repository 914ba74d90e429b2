/** `chat-debug stuck` and `replicas` where one of many cannot be read, is older, or is in trouble. */
import { randomUUID } from 'node:crypto';
import { describe, expect, test } from '@jest/globals';
import { asking } from '../../cli/debug/ask.ts';
import { askReplicas } from '../../cli/debug/replicas.ts';
import { askStuck } from '../../cli/debug/stuck.ts';
import { sendJson, serversPerTest } from '../gateway/httpServers.ts';
import { type Answers, askStub, json, seen } from './support/stubGateway.ts';

const servers = serversPerTest();

describe('stuck', () => {
  const ids = Array.from({ length: 4 }, () => randomUUID());
  const list = {
    chats: {
      edges: ids.map((chatId) => ({ node: { chatId, executionState: 'R0' } })),
      pageInfo: { hasNextPage: false, endCursor: 'last' },
    },
  };
  const found = (place: number, code = 'CODE', severity = 'CRITICAL') => ({
    code,
    severity,
    message: `Number ${place}.`,
  });
  const chat = (place: number, verdict: string, database: object = {}, status = 'OK', findings = [found(place)]) => ({
    ...{ chatId: ids[place], executionState: 'R0' },
    database: {
      ...{ workerId: null, updatedAgeSeconds: 90, retrySecondsLeft: null, requiresActionSecondsLeft: null },
      ...database,
    },
    runtime: { reachability: { status } },
    diagnosis: { verdict, findings },
  });
  const stuck = async (chatDebugSnapshots: readonly unknown[], errors: readonly object[] = []) => {
    const answers: Answers = {
      TerminalStuck: { data: list },
      TerminalStuckChats: { data: { chatDebugSnapshots }, errors },
    };
    return askStuck(await askStub(servers, answers), 20);
  };
  const refused = {
    ...{ message: 'It cannot be said.', path: ['chatDebugSnapshots', 1, 'diagnosis'] },
    extensions: { code: 'INTERNAL_SERVER_ERROR' },
  };

  test('one that cannot be read is listed as such, and the others with what is the matter with them', async () => {
    const shown = await stuck([chat(0, 'STUCK'), null, null, chat(3, 'FAILED')], [refused]);
    expect(shown).toMatchObject({ code: 1, problems: [{ message: 'It cannot be said.' }] });
    const text = seen(shown);
    expect(text).toMatch(new RegExp(`\n${ids[0]}  R0 +STUCK +90 s +–\n  CODE: Number 0\\.\n`));
    expect(text).toMatch(new RegExp(`\n${ids[1]}  R0 +UNKNOWN +– +–\n  It could not be read\\.\n`));
    expect(text).not.toContain(ids[2]); // null without an error: it is gone
    expect(text).toContain('3 chats, of 3 that look like trouble.');
    const { chats } = JSON.parse(json(shown)) as { chats: { edges: { node: { chatId: string } }[] } };
    expect(chats.edges.map(({ node }) => node.chatId)).toEqual([ids[0], ids[1], ids[3]]);
  });

  test('alone, one that cannot be read is what is not known: 2', async () => {
    const shown = await stuck([chat(0, 'WORKING'), null, chat(2, 'WAITING'), chat(3, 'IDLE')], [refused]);
    expect(shown.code).toBe(2);
  });

  const other = (place: number, verdict: string, code: string, severity: string, updatedAgeSeconds = 90) =>
    chat(place, verdict, { updatedAgeSeconds }, 'NOT_ASKED', [found(place, code, severity)]);

  test('chats that wait for a slot, or are to be watched, are not said to be well', async () => {
    const waits = (place: number, seconds: number) => other(place, 'WAITING', 'CAPACITY_WAIT', 'WARNING', seconds);
    const shown = await stuck([
      ...[waits(0, 10_800), waits(1, 600), other(2, 'WORKING', 'NO_PROGRESS', 'WARNING')],
      other(3, 'WORKING', 'QUIET', 'INFO'),
    ]);
    expect(shown.code).toBe(0);
    expect(seen(shown).replaceAll('\n', ' ')).toBe(
      `No chat is in trouble: of 4 chats that looked like it 2 wait for room, the longest, ${ids[0]}, for 3 h; 1 has a warning, ${ids[2]}; and 1 is well.`,
    );
    const beside = await stuck([chat(0, 'STUCK'), waits(1, 600)]);
    expect(seen(beside).replaceAll('\n', ' ')).toContain(
      `1 chat, of 2 that look like trouble. Of the others 1 waits for room, ${ids[1]}, for 10 min.`,
    );
  });

  test('chats that are well are said to be', async () => {
    const well = [0, 1].map((place) => other(place, 'WORKING', 'QUIET', 'INFO'));
    expect(seen(await stuck(well))).toBe('No chat is in trouble: 2 chats looked like it, and are well.');
  });

  test('ages that are not known, and rows ahead of the clock, have their words', async () => {
    const text = seen(
      await stuck([
        chat(0, 'UNKNOWN', { updatedAgeSeconds: null }),
        chat(1, 'STUCK', { updatedAgeSeconds: -3_600 }),
        chat(2, 'STUCK', { updatedAgeSeconds: -86_400 }),
        chat(3, 'STUCK', { updatedAgeSeconds: -0.01 }),
      ]),
    );
    expect(text).toMatch(new RegExp(`${ids[0]}  R0 +UNKNOWN  – +–\n`));
    expect(text).toMatch(new RegExp(`${ids[1]}  R0 +STUCK    60 min ahead +–\n`));
    expect(text).toMatch(new RegExp(`${ids[2]}  R0 +STUCK    24 h ahead +–\n`));
    expect(text).toMatch(new RegExp(`${ids[3]}  R0 +STUCK    0 s +–\n`));
    const rows = text.split('\n').filter((line) => line.endsWith('–'));
    expect(new Set(rows.map((line) => line.length)).size).toBe(1); // beneath each other
  });

  test('where by setting no replica is asked, the code follows the verdicts and the words say so', async () => {
    const nobody = (place: number, verdict: string) => chat(place, verdict, {}, 'NOT_ASKED');
    const shown = await stuck([nobody(0, 'STUCK'), ...[1, 2, 3].map((place) => nobody(place, 'WORKING'))]);
    expect(shown.code).toBe(1);
    expect(seen(shown)).toContain('No replica is asked here for what it holds in memory: the verdict goes by the\n');
  });
});

describe('replicas', () => {
  const [first, second, user] = [randomUUID(), randomUUID(), randomUUID()];
  const fine = { lastError: null, consecutiveFailures: 0 };
  const replica = (id: string, runtime: object = {}) => ({
    ...{ id, hostname: 'host', version: '0.2.0', stoppedAt: null, isAlive: true, error: null, ownedChats: 1 },
    runtime: {
      ...{ reachability: { status: 'OK', elapsedMs: 1, reason: null }, runnerCount: 1, capacity: 5, isFull: false },
      ...{ eventLoopDelayMs: 1, acquisition: fine, heartbeats: fine, databaseSync: fine, ...runtime },
    },
  });
  const load = (id: string, runtime: object = {}) => ({
    id,
    runtime: { isDraining: false, runnersByOwner: [], ...runtime },
  });
  const database = {
    ...{
      canWrite: true,
      isInRecovery: false,
      replayLagSeconds: null,
      connections: 12,
      maxConnections: 100,
      oldestTransactionSeconds: 4,
    },
    ...{ lockWaits: 0, serverVersion: '18.1', platform: 'own', missing: [], pools: null },
  };
  const replicas = async (data: object, errors: readonly object[] = [], health: unknown = { data: { database } }) => {
    const whole = { replicas: [replica(first)], load: [load(first)], ...data };
    return askReplicas(await askStub(servers, { TerminalReplicas: { data: whole, errors }, TerminalDatabase: health }));
  };

  test('say in a sentence how their database is', async () => {
    const shown = await replicas({});
    expect(shown.code).toBe(0);
    expect(seen(shown)).toMatch(
      /^Database: Postgres 18\.1, platform own, takes writes, 12 of 100 connections,\noldest transaction 4 s, 0 sessions waiting for a lock\.\n\n/,
    );
  });

  test.each([
    ['takes no writes', { canWrite: false }, 1, 'It takes no writes, so no worker can do anything.'],
    ['is a standby', { canWrite: false, isInRecovery: true, replayLagSeconds: 0 }, 0, 'a standby, 12 of'],
    [
      'is a standby that lags',
      { canWrite: false, isInRecovery: true, replayLagSeconds: 75 },
      0,
      'a standby, which may be 75 s behind',
    ],
    ['lacks a column', { missing: ['chats.queue_version'] }, 1, 'It lacks chats.queue_version: bring its schema'],
    [
      'shows little',
      { connections: null, oldestTransactionSeconds: null, lockWaits: null },
      0,
      '? of 100 connections.',
    ],
  ])('a database that %s', async (_, changes, code, words) => {
    const shown = await replicas({}, [], { data: { database: { ...database, ...changes } } });
    expect(shown.code).toBe(code);
    expect(seen(shown)).toContain(words);
  });

  test('of a Coder deployment share slots, and may keep no list of themselves', async () => {
    const pools = [
      { kind: 'ROOT', used: 5, capacity: 5 },
      { kind: 'SUBAGENT', used: 1, capacity: 10 },
    ];
    const health = { data: { database: { ...database, platform: 'coder', pools } } };
    const reachability = { status: 'NOT_ASKED', elapsedMs: 0, reason: null };
    const shown = await replicas({ replicas: [replica(first, { reachability })] }, [], health);
    expect(shown.code).toBe(0);
    expect(seen(shown)).toMatch(
      /\nSlots: 5 of 5 slots taken by chats without a parent, 1 of 10 slots taken by\nchats that another chat started\.\n/,
    );
    expect(seen(shown)).toContain('1 of 1 replica alive. None is asked here for what it holds in memory.');
    const unlisted = await replicas({ replicas: [], load: [] }, [], health);
    expect([unlisted.code, seen(unlisted)]).toEqual([0, expect.stringContaining('No replica is listed: a Coder')]);
    const ours = await replicas({ replicas: [], load: [] });
    expect([ours.code, seen(ours)]).toEqual([1, expect.stringContaining('No replica has ever started.')]);
  });

  test('a database that cannot be asked leaves the replicas to be seen, and ends with 2', async () => {
    const error = { message: 'Not now.', path: ['database'], extensions: { code: 'DATABASE_UNAVAILABLE' } };
    const shown = await replicas({}, [], { data: { database: null }, errors: [error] });
    expect(shown).toMatchObject({ code: 2, problems: [{ message: 'Not now. (DATABASE_UNAVAILABLE)' }] });
    expect(JSON.parse(json(shown))).toMatchObject({ database: null, replicas: [{ id: first }] });
    expect(seen(shown)).toContain('Database: not known how it is.\n');
    expect(seen(shown)).toContain(first);
  });

  test('that cannot be listed leave the database to be seen, which may say why', async () => {
    const error = { message: 'Too late.', path: ['replicas'], extensions: { code: 'DATABASE_UNAVAILABLE' } };
    const shown = await replicas({ replicas: null, load: null }, [error], {
      data: { database: { ...database, lockWaits: 3, oldestTransactionSeconds: 7_200 } },
    });
    expect(shown).toMatchObject({ code: 2, problems: [{ message: 'Too late. (DATABASE_UNAVAILABLE)' }] });
    expect(seen(shown)).toContain('oldest transaction 2 h, 3 sessions waiting for a lock.');
    expect(seen(shown)).toContain('The replicas could not be listed.');
  });

  test('one that stopped, owns nothing and is not listed is not named for what it did not answer either', async () => {
    const away = { reachability: { status: 'STOPPED', elapsedMs: 0, reason: 'It has stopped.' } };
    const stopped = { ...replica(second, away), isAlive: false, stoppedAt: '2026-01-01T00:00:00.000Z', ownedChats: 0 };
    const error = (place: number) => ({
      ...{ message: `Number ${place} is away.`, path: ['replicas', place, 'runtime', 'runnerCount'] },
      extensions: { code: 'OWNER_STOPPED' },
    });
    const shown = await replicas({ replicas: [stopped, replica(first)], load: [load(second), load(first)] }, [
      error(0),
      error(1),
    ]);
    expect(shown.problems).toMatchObject([{ message: 'Number 1 is away.' }]);
    expect(seen(shown)).not.toContain(second);
  });

  test('a full one says who fills it, and one that stops says so', async () => {
    const shown = await replicas({
      replicas: [replica(first, { isFull: true, runnerCount: 5 }), replica(second)],
      load: [load(second, { isDraining: true }), load(first, { runnersByOwner: [{ ownerId: user, runnerCount: 5 }] })],
    });
    expect(shown.code).toBe(1);
    const text = seen(shown);
    expect(text).toContain(`  it is full, and takes no more chats\n  most of its runners: 5 for user ${user}\n`);
    expect(text.slice(text.indexOf(second))).toContain(
      '  it is stopping or told to drain: it takes nothing new and hands its chats over',
    );
  });

  test('an older one is shown with what it knows, and what to do; values that are not known are no trouble', async () => {
    const path = ['load', 0, 'runtime', 'isDraining'];
    const error = { message: 'It does not know all that was asked.', path, extensions: { code: 'REPLICA_REFUSED' } };
    const unknown = { consecutiveFailures: null, lastError: null };
    const shown = await replicas(
      {
        replicas: [replica(first, { runnerCount: 2, capacity: null, isFull: null, acquisition: unknown })],
        load: [load(first, { isDraining: null, runnersByOwner: null })],
      },
      [error],
    );
    expect(shown).toMatchObject({ code: 0, problems: [] });
    expect(seen(shown)).toMatch(new RegExp(`${first}  yes    OK +1 +2/\\?\n`));
    expect(seen(shown)).toContain('  its version does not say whose chats fill it: bring it up to date\n');
  });

  test('that by setting are not asked are not in trouble for it', async () => {
    const reachability = { status: 'NOT_ASKED', elapsedMs: 0, reason: null };
    const shown = await replicas({ replicas: [replica(first, { reachability, runnerCount: null })] });
    expect(shown.code).toBe(0);
  });
});

test('an older gateway is told from one that refuses, and what to do', async () => {
  const { url } = await servers.serve((response) => {
    const message = 'Cannot query field "database" on type "Query".';
    sendJson(response, 400, { errors: [{ message, extensions: { code: 'GRAPHQL_VALIDATION_FAILED' } }] });
  });

  await expect(askReplicas(asking({ url, token: 'any' }))).rejects.toThrow(
    /does not know all that this terminal asks, so it is probably older: Cannot query .* Bring it up to date, or use the/,
  );
});
