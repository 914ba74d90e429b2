/** Rounds of the recorder over a real gateway: what becomes of an incident while its chat falls ill and gets well. */
import { randomUUID } from 'node:crypto';
import { afterAll, afterEach, beforeAll, describe, expect, test } from '@jest/globals';
import { Registry } from 'prom-client';
import { systemClock } from '../../../common/clock.ts';
import { readBundle } from '../../../domain/bundle/read.ts';
import { makeLogger } from '../../../server/log.ts';
import { NoAnswer } from '../../../server/processGateway.ts';
import { type Ask, openRecorderGateway, type RecorderGateway } from '../../../subgraphs/recorder/gateway.ts';
import { Lease } from '../../../subgraphs/recorder/lease.ts';
import { makeRecorderMetrics } from '../../../subgraphs/recorder/metrics.ts';
import { runRound } from '../../../subgraphs/recorder/round.ts';
import { UnknownTimes } from '../../../subgraphs/recorder/unknownTimes.ts';
import { fleetPerFile } from '../../gateway/fleet.ts';
import { type GatewayChanges, INTERNAL_SECRET } from '../../gateway/gateways.ts';
import { deadUrl, sendJson } from '../../gateway/httpServers.ts';
import { createDatabase } from '../../support/database.ts';
import { insertChat, insertHealthyChat } from '../database/support/rows.ts';
import { emptyIncidentTables, incidentRows, makeIncidentTables } from './support/incidentTables.ts';

const { database, gateway, servers, insertReplica } = fleetPerFile();
type Database = Awaited<ReturnType<typeof createDatabase>>;
const holder: { incidents?: Database } = {};
const incidents = () => {
  if (!holder.incidents) throw new Error('The database is there once the tests run');
  return holder.incidents.pool;
};
const clients: RecorderGateway[] = [];
beforeAll(async () => {
  holder.incidents = await createDatabase('template0');
  await makeIncidentTables(incidents());
});
afterEach(async () => {
  for (const client of clients.splice(0)) await client.close();
  await emptyIncidentTables(incidents());
});
afterAll(() => holder.incidents?.drop());

/** An active recorder whose rounds a test runs. */
async function recorder(changes?: GatewayChanges, { wrap = (ask: Ask) => ask, stopping = new AbortController() } = {}) {
  const client = openRecorderGateway(`${(await gateway(changes)).url}/graphql`, INTERNAL_SECRET);
  clients.push(client);
  const lease = new Lease(incidents(), randomUUID(), systemClock);
  await lease.keep();
  const registry = new Registry();
  const time = { passedMs: 0 };
  const ahead = { ...systemClock, monotonicMs: () => systemClock.monotonicMs() + time.passedMs };
  const options = {
    ...{ pool: incidents(), ask: wrap(client.ask), unknown: new UnknownTimes(ahead), clock: systemClock },
    metrics: makeRecorderMetrics(registry, { isActive: () => lease.term !== undefined, isListening: () => false }),
    ...{ log: makeLogger('recorder', 'silent'), signal: stopping.signal, tellsWebhook: false, onNews: () => {} },
  };
  const round = async () => {
    if (!lease.term) throw new Error('The recorder is not active');
    await runRound(options, lease.term);
    return incidentRows(incidents());
  };
  /** Lets time pass, as this recorder measures it. */
  const pass = (seconds: number) => {
    time.passedMs += 1_000 * seconds;
  };
  return { round, registry, lease, ask: client.ask, pass };
}

const set = (id: string, changes: string) => database.pool.query(`UPDATE chats SET ${changes} WHERE id = $1`, [id]);

describe('a chat in trouble', () => {
  test('has an incident with its bundle, until two rounds find it well', async () => {
    const ownerId = randomUUID();
    await insertHealthyChat(database.pool);
    const id = await insertChat(database.pool, { status: 'paused', owner_id: ownerId });
    const { round } = await recorder();
    const opened = {
      ...{ chat_id: id, owner_id: ownerId, close_reason: null, code: 'INVALID_STATE', severity: 'CRITICAL' },
      ...{ verdict: 'STUCK', codes: ['INVALID_STATE'], worker_ids: [], bundles: ['OPENED'] },
    };
    expect(await round()).toMatchObject([{ ...opened, readings: 1 }]);
    expect(await round()).toMatchObject([{ ...opened, readings: 2 }]);
    await set(id, `status = 'waiting'`);
    expect(await round()).toMatchObject([{ close_reason: null, well_readings: 1, bundles: ['OPENED', 'CLOSING'] }]);
    expect(await round()).toMatchObject([{ close_reason: 'WELL', code: 'INVALID_STATE', readings: 4 }]);
    expect(await round()).toHaveLength(1);

    const { rows } = await incidents().query(
      'SELECT bundle::text AS text, bytes FROM chat_debug_recorder.incident_bundles ORDER BY taken_at',
    );
    const [first, last] = rows.map(({ text }) => readBundle(text));
    expect(first).toMatchObject({ snapshot: { chatId: id }, diagnosisEverywhere: { verdict: 'STUCK' } });
    expect(last).toMatchObject({ snapshot: { chatId: id }, diagnosisEverywhere: { verdict: 'IDLE' } });
    expect(rows[0].bytes).toBe(Buffer.byteLength(rows[0].text));
  });

  test('goes on with the same incident if trouble comes back within a minute, and has another one later', async () => {
    const id = await insertChat(database.pool, { status: 'paused' });
    const { round } = await recorder();
    await round();
    await set(id, `status = 'waiting'`);
    await round();
    await round();
    await set(id, `status = 'paused'`);
    expect(await round()).toMatchObject([{ close_reason: null, well_readings: 0, readings: 4 }]);
    await set(id, `status = 'waiting'`);
    await round();
    await round();
    await incidents().query(`UPDATE chat_debug_recorder.incidents SET closed_at = closed_at - interval '61 seconds'`);
    await set(id, `status = 'paused'`);
    expect(await round()).toMatchObject([{ close_reason: 'WELL' }, { close_reason: null }]);
  });

  test('has each change of its root cause noted, with a bundle', async () => {
    const id = await insertChat(database.pool, { status: 'paused' });
    const { round } = await recorder();
    await round();
    await set(id, `status = 'running', updated_at = now() - interval '1 hour'`);
    expect(await round()).toMatchObject([
      {
        ...{ close_reason: null, code: 'NO_OWNER', codes: ['INVALID_STATE', 'NO_OWNER'] },
        bundles: ['OPENED', 'CODE_CHANGED'],
      },
    ]);
  });

  test('has its incident closed when it is archived, and at once when it is deleted', async () => {
    const [archived, deleted] = [
      await insertChat(database.pool, { status: 'paused' }),
      await insertChat(database.pool, { status: 'paused' }),
    ];
    const { round } = await recorder();
    await round();
    await set(archived, `status = 'waiting', archived = true`);
    await database.pool.query('DELETE FROM chats WHERE id = $1', [deleted]);
    const by = async (chat: string) => (await incidentRows(incidents())).find(({ chat_id }) => chat_id === chat);
    await round();
    expect(await by(deleted)).toMatchObject({ close_reason: 'DELETED' });
    await round();
    expect(await by(archived)).toMatchObject({ close_reason: 'ARCHIVED' });
  });

  describe('that a question does not find', () => {
    const of = (isInRecovery: boolean, replayLagSeconds: number | null) => ({ isInRecovery, replayLagSeconds });
    test.each<[string, number, unknown, string | null]>([
      ['on a standby that is behind', 2, of(true, 40), null],
      ['on a standby that has replayed nothing yet', 2, of(true, null), null],
      ['on a server that does not say whether it is behind', 2, null, null],
      ['on one server of several, and finds on the next', 1, of(false, null), null],
      ['on a standby that is not behind', 2, of(true, 0), 'DELETED'],
      ['on the primary', 2, of(false, null), 'DELETED'],
    ])('%s, has this reason of closing', async (_where, missed, server, reason) => {
      await insertChat(database.pool, { status: 'paused' });
      let left = 0;
      const wrap =
        (ask: Ask): Ask =>
        async (operation, variables) => {
          const answer = await ask(operation, variables);
          if (operation === 'suspects' || operation === 'bundle' || left === 0) return answer;
          left -= 1;
          return { ...answer, data: { chatDebugSnapshots: [null], database: server } };
        };
      const { round } = await recorder(undefined, { wrap });
      await round();
      left = missed;
      expect(await round()).toMatchObject([{ close_reason: reason }]);
    });
  });

  test('of which nothing is known has an incident once that lasts, unless the owner refuses by its version', async () => {
    const invalid = { errors: [{ message: 'No.', extensions: { code: 'GRAPHQL_VALIDATION_FAILED' } }] };
    const older = await servers.serve((response) => sendJson(response, 400, invalid));
    const [away, earlier] = [await insertReplica(await deadUrl()), await insertReplica(older.url)];
    const quiet = { updated_at: `now() - interval '5 minutes'` };
    const { id } = await insertHealthyChat(database.pool, { ...quiet, worker_id: away });
    await insertHealthyChat(database.pool, { ...quiet, worker_id: earlier });
    const { round, pass } = await recorder();
    expect(await round()).toEqual([]);
    pass(60);
    expect(await round()).toMatchObject([
      { chat_id: id, verdict: 'UNKNOWN', code: 'OWNER_UNREACHABLE', worker_ids: [away] },
    ]);
  });

  test.each([
    ['back', -3_600, 31, 1],
    ['ahead', 3_600, 5, 0],
  ])(
    'is so for as long as it is, though the clock of the database is set %s',
    async (_way, jump, seconds, expected) => {
      const away = await insertReplica(await deadUrl());
      await insertHealthyChat(database.pool, { updated_at: `now() - interval '5 minutes'`, worker_id: away });
      const set = { bySeconds: 0 };
      const wrap =
        (ask: Ask): Ask =>
        async (operation, variables) => {
          const answer = await ask(operation, variables);
          if (operation !== 'chats') return answer;
          const takenAt = new Date(systemClock.now().getTime() + 1_000 * set.bySeconds);
          const { chatDebugSnapshots } = answer.data as { chatDebugSnapshots: object[] };
          return { ...answer, data: { chatDebugSnapshots: chatDebugSnapshots.map((chat) => ({ ...chat, takenAt })) } };
        };
      const { round, pass } = await recorder(undefined, { wrap });
      await round();
      set.bySeconds = jump;
      pass(seconds);
      expect(await round()).toHaveLength(expected);
    },
  );

  test('is so anew after a round in which it was no suspect, though that round failed', async () => {
    const away = await insertReplica(await deadUrl());
    const { id } = await insertHealthyChat(database.pool, {
      updated_at: `now() - interval '5 minutes'`,
      worker_id: away,
    });
    await insertChat(database.pool, { status: 'paused' });
    let isAway = false;
    const wrap =
      (ask: Ask): Ask =>
      async (operation, variables) => {
        if (operation === 'chats' && isAway) throw new NoAnswer('TIMED_OUT');
        return ask(operation, variables);
      };
    const { round, pass } = await recorder(undefined, { wrap });
    await round();
    isAway = true;
    await set(id, `status = 'waiting'`);
    await expect(round()).rejects.toThrow(NoAnswer);
    isAway = false;
    await set(id, `status = 'running'`);
    pass(60);
    expect(await round()).toMatchObject([{ code: 'INVALID_STATE' }]);
  });

  test('is not known to be so for long by a recorder that begins a new term', async () => {
    const away = await insertReplica(await deadUrl());
    await insertHealthyChat(database.pool, { updated_at: `now() - interval '5 minutes'`, worker_id: away });
    const { round, pass, lease } = await recorder();
    await round();
    pass(60);
    await lease.giveUp();
    await lease.keep();
    expect(await round()).toEqual([]);
  });

  test('has no incident after a failure that a message mends', async () => {
    await insertChat(database.pool, { status: 'error', last_error: { kind: 'network', retryable: true } });
    const hopeless = await insertChat(database.pool, {
      status: 'error',
      last_error: { kind: 'auth', retryable: false },
    });
    const { round } = await recorder();
    expect(await round()).toMatchObject([{ chat_id: hopeless, verdict: 'FAILED', code: 'ERRORED' }]);
  });
});

test('neither an incident nor its bundle holds a title, a message, or the words of an error', async () => {
  const canary = 'kanarienvogel';
  const id = await insertChat(database.pool, {
    ...{ status: 'error', title: canary },
    last_error: { kind: 'auth', message: canary, provider: 'x', retryable: false },
  });
  await database.pool.query(
    `INSERT INTO chat_messages (chat_id, role, content) VALUES ($1, 'user', to_jsonb($2::text))`,
    [id, canary],
  );
  const { round } = await recorder();
  expect(await round()).toHaveLength(1);
  const { rows } = await incidents().query(
    `SELECT incidents::text || bundle::text AS text FROM chat_debug_recorder.incidents
     JOIN chat_debug_recorder.incident_bundles ON incident_id = incidents.id`,
  );
  expect(rows).toEqual([{ text: expect.not.stringContaining(canary) }]);
});

describe('a bundle', () => {
  test('that could not be taken is taken by a later round', async () => {
    await insertChat(database.pool, { status: 'paused' });
    let isAway = true;
    const wrap =
      (ask: Ask): Ask =>
      async (operation, variables) => {
        if (operation === 'bundle' && isAway) throw new NoAnswer('TIMED_OUT');
        return ask(operation, variables);
      };
    const { round } = await recorder(undefined, { wrap });
    expect(await round()).toMatchObject([{ readings: 1, bundles: null }]);
    isAway = false;
    expect(await round()).toMatchObject([{ readings: 2, bundles: ['OPENED'] }]);
  });

  test('of a change and of the end is taken late, too, and of the end before the incident is closed', async () => {
    const id = await insertChat(database.pool, { status: 'paused' });
    const away = new Set<number>([2, 4]);
    let asked = 0;
    const wrap =
      (ask: Ask): Ask =>
      async (operation, variables) => {
        if (operation === 'bundle') asked += 1;
        if (operation === 'bundle' && away.has(asked)) throw new NoAnswer('TIMED_OUT');
        return ask(operation, variables);
      };
    const { round } = await recorder(undefined, { wrap });
    await round();
    await set(id, `status = 'running', updated_at = now() - interval '1 hour'`);
    expect(await round()).toMatchObject([{ code: 'NO_OWNER', bundles: ['OPENED'] }]);
    expect(await round()).toMatchObject([{ bundles: ['OPENED', 'CODE_CHANGED'] }]);
    await set(id, `status = 'waiting'`);
    expect(await round()).toMatchObject([{ well_readings: 1, bundles: ['OPENED', 'CODE_CHANGED'] }]);
    expect(await round()).toMatchObject([{ close_reason: 'WELL', bundles: ['OPENED', 'CODE_CHANGED', 'CLOSING'] }]);
    expect(asked).toBe(5);
  });

  test('that is too large without its lists, too, is not taken again each round', async () => {
    await insertChat(database.pool, { status: 'paused' });
    let asked = 0;
    const wrap =
      (ask: Ask): Ask =>
      async (operation, variables) => {
        const answered = await ask(operation, variables);
        if (operation !== 'bundle') return answered;
        asked += 1;
        return { ...answered, data: { ...Object(answered.data), database: { serverVersion: 'x'.repeat(300_000) } } };
      };
    const { round } = await recorder(undefined, { wrap });
    expect(await round()).toMatchObject([{ readings: 1, bundles: null }]);
    expect(await round()).toMatchObject([{ readings: 2, bundles: null }]);
    expect(asked).toBe(1);
  });

  test('is taken of 20 chats in a round, and of the others in the next', async () => {
    for (let i = 0; i < 21; i += 1) await insertChat(database.pool, { status: 'paused' });
    const { round } = await recorder();
    const bundled = async () => (await round()).filter(({ bundles }) => bundles !== null).length;
    expect([await bundled(), await bundled()]).toEqual([20, 21]);
  });

  test('that is not answered because the recorder stops leaves its incident to the next one', async () => {
    await insertChat(database.pool, { status: 'paused' });
    const stopping = new AbortController();
    const wrap =
      (ask: Ask): Ask =>
      async (operation, variables) => {
        if (operation !== 'bundle') return ask(operation, variables);
        stopping.abort();
        throw new NoAnswer('UNREACHABLE');
      };
    const { round } = await recorder(undefined, { wrap, stopping });
    await expect(round()).rejects.toThrow(NoAnswer);
    expect(await incidentRows(incidents())).toEqual([]);
  });
});

describe('a round', () => {
  test('asks for fewer chats at once where the gateway allows no more', async () => {
    const chats: string[] = [];
    for (let i = 0; i < 12; i += 1) chats.push(await insertChat(database.pool, { status: 'paused' }));
    const { round, ask } = await recorder({ maxCost: 1_000 });
    await expect(ask('chats', { chats })).rejects.toMatchObject({ code: 'QUERY_TOO_COMPLEX' });
    const found = await round();
    expect(found).toHaveLength(12);
    expect(new Set(found.map(({ bundles }) => bundles.join()))).toEqual(new Set(['OPENED']));
  });

  test('fails, and changes no incident, while the chats cannot be read', async () => {
    await insertChat(database.pool, { status: 'paused' });
    const { round } = await recorder();
    await round();
    await database.pool.query('ALTER TABLE chats RENAME TO chats_elsewhere');
    try {
      await expect(round()).rejects.toThrow(NoAnswer);
    } finally {
      await database.pool.query('ALTER TABLE chats_elsewhere RENAME TO chats');
    }
    expect(await incidentRows(incidents())).toMatchObject([{ close_reason: null, readings: 1 }]);
  });

  test('counts what it read, and the incidents that are open', async () => {
    await insertChat(database.pool, { status: 'paused' });
    const { round, registry } = await recorder();
    await round();
    const text = await registry.metrics();
    for (const line of [
      'chat_debug_recorder_active 1',
      'chat_debug_recorder_readings_total{word="trouble"} 1',
      'chat_debug_recorder_bundles_total{outcome="taken"} 1',
      'chat_debug_incidents_open{code="INVALID_STATE"} 1',
    ]) {
      expect(text).toContain(`${line}\n`);
    }
    expect(text).toMatch(/^chat_debug_incident_oldest_seconds \d/m);
  });
});
