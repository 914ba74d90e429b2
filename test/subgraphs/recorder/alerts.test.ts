/** Alerts of the recorder at a real Alertmanager, and at a webhook that misbehaves. */
import { randomUUID } from 'node:crypto';
import { afterEach, beforeAll, describe, expect, jest, test } from '@jest/globals';
import { Registry } from 'prom-client';
import { systemClock } from '../../../common/clock.ts';
import type { Step } from '../../../domain/incidents/step.ts';
import { tellingAlertmanager } from '../../../subgraphs/recorder/alerts/alertmanager.ts';
import { NotTaken, openPoster } from '../../../subgraphs/recorder/alerts/post.ts';
import { deliverDue } from '../../../subgraphs/recorder/alerts/webhook.ts';
import { Lease, LeaseLost } from '../../../subgraphs/recorder/lease.ts';
import { makeRecorderMetrics } from '../../../subgraphs/recorder/metrics.ts';
import { type RecorderServerOptions, startRecorderServer } from '../../../subgraphs/recorder/server.ts';
import { writeStep } from '../../../subgraphs/recorder/writeStep.ts';
import { fleetPerFile } from '../../gateway/fleet.ts';
import { deadUrl } from '../../gateway/httpServers.ts';
import { shared } from '../../gateway/runtimes.ts';
import { readMetrics } from '../../support/metrics.ts';
import { until } from '../../support/until.ts';
import { insertChat } from '../database/support/rows.ts';
import { type Alertmanager, isAlertmanagerInstalled, startAlertmanager } from './support/alertmanager.ts';
import { startAlertReceiver, type Told } from './support/alertReceiver.ts';
import { emptyIncidentTables, endLease, incidentRows, makeIncidentTables } from './support/incidentTables.ts';

jest.setTimeout(120_000);

const { database, gateway, keep, servers } = fleetPerFile();
beforeAll(() => makeIncidentTables(database.pool));
afterEach(() => emptyIncidentTables(database.pool));

const start = async (receivers: NonNullable<RecorderServerOptions['receivers']>) =>
  keep(
    await startRecorderServer({
      ...{ ...shared, databaseUrl: database.url, listenUrl: database.url, databaseTimeoutMs: 20_000, receivers },
      ...{ gatewayUrl: `${(await gateway()).url}/graphql`, intervalSeconds: 0.2, retentionDays: 30 },
    }),
  );

const CANARY = 'kanarienvogel';
const illChats = async (count: number): Promise<string[]> => {
  const ids: string[] = [];
  for (let i = 0; i < count; i += 1) ids.push(await insertChat(database.pool, { status: 'paused', title: CANARY }));
  return ids;
};
const heal = (ids: readonly string[]) =>
  database.pool.query(`UPDATE chats SET status = 'waiting' WHERE id = ANY ($1)`, [ids]);
const allOpen = (count: number) =>
  until('all incidents are open', async () => (await incidentRows(database.pool)).length === count);

const OPENS: Step = {
  kind: 'open',
  noted: {
    ...{ code: 'NO_OWNER', severity: 'CRITICAL', verdict: 'STUCK', summary: 'Stuck.' },
    ...{ codes: ['NO_OWNER'], workerIds: [] },
  },
};

describe('the webhook', () => {
  test('is told of each trouble once when it begins and once when it ends, however it misbehaves', async () => {
    const moods = ['takes', 'refuses', 'drops', 'unanswered', 'late'] as const;
    const receiver = await startAlertReceiver(servers, (_told, tries, place) =>
      tries === 0 ? (moods[place % moods.length] ?? 'takes') : 'takes',
    );
    const server = await start({ webhook: receiver.webhook, publicUrl: 'https://debug.example/chats/' });
    const chats = await illChats(5);
    await until('each has fired', () => chats.every((id) => receiver.of(id).length === 1));
    await heal(chats);
    await until('each is resolved', () => chats.every((id) => receiver.of(id).length === 2));
    await until('nothing is left to tell', async () => (await leftToTell()) === 0);
    for (const id of chats) expect(receiver.of(id)).toEqual(['FIRING', 'RESOLVED']);
    expect(Math.max(...receiver.tries.values())).toBe(2);
    const metrics = await readMetrics(server);
    const count = (outcome: string) => metrics.get(`chat_debug_alerts_total{to="webhook",outcome="${outcome}"}`);
    expect([count('sent'), count('repeated'), count('failed')]).toEqual([4, 6, 6]);

    const [told] = receiver.taken;
    expect(told).toMatchObject({
      ...{ format: 'chat-debug-alert/1', status: 'FIRING' },
      incident: { code: 'INVALID_STATE', severity: 'CRITICAL', verdict: 'STUCK', closedAt: null, closeReason: null },
      look: `npm run chat-debug -- incident ${told?.incident.id}`,
      url: `https://debug.example/chats/incidents/${told?.incident.id}`,
    });
    expect(receiver.taken.at(-1)?.incident).toMatchObject({ closeReason: 'WELL', closedAt: expect.any(String) });
    for (const body of receiver.bodies) expect(body).not.toMatch(/kanarienvogel|127\.0\.0\.1|postgres|secret/);
  });

  test('is told under the same ids by a recorder that takes over', async () => {
    let isAway = true;
    const tried: Told[] = [];
    const receiver = await startAlertReceiver(servers, (told) => {
      tried.push(told);
      return isAway ? 'refuses' : 'takes';
    });
    const first = await start({ webhook: receiver.webhook });
    const chats = await illChats(3);
    await until('each was tried', () => new Set(tried.map(({ delivery }) => delivery)).size === 3);
    await until('the probe says so', async () => {
      const said = await (await fetch(`${first.url}/readyz`)).text();
      return said === 'ok\nThe webhook did not take the last alerts (HTTP_500).';
    });
    await first.stop();
    const triedBefore = new Set(tried.splice(0).map(({ delivery }) => delivery));
    isAway = false;
    await start({ webhook: receiver.webhook });
    await until('each has fired', () => chats.every((id) => receiver.of(id).length === 1));
    expect(new Set(receiver.taken.map(({ delivery }) => delivery))).toEqual(triedBefore);
    expect(new Set(tried.map(({ url }) => url))).toEqual(new Set([null]));
  });

  test('is told again under the same id after a recorder that did not know that its term was over', async () => {
    const receiver = await startAlertReceiver(servers);
    const [first, second] = [
      new Lease(database.pool, randomUUID(), systemClock),
      new Lease(database.pool, randomUUID(), systemClock),
    ];
    await first.keep();
    const late = first.term;
    if (!late) throw new Error('The first recorder is not active');
    const whose = { chatId: randomUUID(), ownerId: null, incident: undefined };
    await writeStep(database.pool, late, whose, OPENS, { tellsWebhook: true });
    await endLease(database.pool);
    await second.keep();
    const poster = openPoster();
    const metrics = makeRecorderMetrics(new Registry(), { isActive: () => true, isListening: () => true });
    const { signal } = new AbortController();
    const shared = { pool: database.pool, publicUrl: undefined, poster, metrics, signal, ...receiver.webhook };
    try {
      await expect(deliverDue({ ...shared, term: () => late })).rejects.toThrow(LeaseLost);
      expect(await leftToTell()).toBe(1);
      await deliverDue({ ...shared, term: () => second.term });
      expect(await leftToTell()).toBe(0);
    } finally {
      await poster.close();
    }
    expect([...receiver.tries.values()]).toEqual([2]);
    expect(receiver.of(whose.chatId)).toEqual(['FIRING']);
  });

  test('is told at once of what a clock that was ahead would have told later', async () => {
    const receiver = await startAlertReceiver(servers);
    const lease = new Lease(database.pool, randomUUID(), systemClock);
    await lease.keep();
    const { term } = lease;
    if (!term) throw new Error('The recorder is not active');
    const whose = { chatId: randomUUID(), ownerId: null, incident: undefined };
    await writeStep(database.pool, term, whose, OPENS, { tellsWebhook: true });
    await database.pool.query(
      `UPDATE chat_debug_recorder.deliveries SET next_try_at = clock_timestamp() + interval '1 hour'`,
    );
    const poster = openPoster();
    const metrics = makeRecorderMetrics(new Registry(), { isActive: () => true, isListening: () => true });
    const { signal } = new AbortController();
    const shared = { pool: database.pool, publicUrl: undefined, poster, metrics, signal, ...receiver.webhook };
    try {
      expect(await deliverDue({ ...shared, term: () => term })).toBe(true);
    } finally {
      await poster.close();
    }
    expect(receiver.of(whose.chatId)).toEqual(['FIRING']);
  });

  test('is told no more of a trouble after a day, which is counted', async () => {
    const receiver = await startAlertReceiver(servers, () => 'refuses');
    const server = await start({ webhook: receiver.webhook });
    await illChats(1);
    await until('it was tried', () => receiver.tries.size === 1);
    await database.pool.query(
      `UPDATE chat_debug_recorder.deliveries SET made_at = made_at - interval '25 hours', next_try_at = clock_timestamp()`,
    );
    await until('it is given up', async () => (await leftToTell()) === 0);
    const metrics = await readMetrics(server);
    expect(metrics.get('chat_debug_alerts_total{to="webhook",outcome="lost"}')).toBe(1);
    expect(receiver.taken).toEqual([]);
  });
});

const leftToTell = async () =>
  (await database.pool.query('SELECT count(*)::int AS left FROM chat_debug_recorder.deliveries')).rows[0].left;

/** Opens so many incidents, at a time that the database's clock is yet to reach if it was set back. */
const openIncidents = (count: number, hoursAhead = 0) =>
  database.pool.query(
    `INSERT INTO chat_debug_recorder.incidents (chat_id, opened_at, code, severity, verdict, summary, codes, worker_ids)
     SELECT gen_random_uuid(), clock_timestamp() + $2 * interval '1 hour', 'NO_OWNER', 'CRITICAL', 'STUCK', 'Stuck.',
       '{NO_OWNER}', '{}' FROM generate_series(1, $1)`,
    [count, hoursAhead],
  );

interface Telling {
  readonly tell: () => Promise<boolean>;
  readonly registry: Registry;
}

/** Tells an Alertmanager when it is called, with no recorder beside it. */
async function whileTelling(
  url: string,
  use: (telling: Telling) => Promise<void>,
  isNoting: () => boolean = () => true,
): Promise<void> {
  const registry = new Registry();
  const poster = openPoster();
  const metrics = makeRecorderMetrics(registry, { isActive: () => true, isListening: () => true });
  const shared = { pool: database.pool, url, publicUrl: undefined, poster, metrics };
  try {
    await use({ tell: tellingAlertmanager({ ...shared, isActive: () => true, isNoting }), registry });
  } finally {
    await poster.close();
  }
}

describe('an Alertmanager', () => {
  test('is told that a recorder is active, but not while the rounds of that one fail', async () => {
    const alertmanager = await servers.serve((response) => response.writeHead(200).end());
    let isNoting = true;
    const use = async ({ tell }: Telling) => {
      await tell();
      isNoting = false;
      await tell();
    };
    await whileTelling(alertmanager.url, use, () => isNoting);
    expect(alertmanager.received.map(({ url, body }) => [url, body])).toMatchObject([
      ['/api/v2/alerts', [{ labels: { alertname: 'ChatDebugRecorderActive' } }]],
    ]);
    expect(alertmanager.received).toHaveLength(1);
  });

  test('is not told that an incident fires which was closed before the clock of the database was set back', async () => {
    const alertmanager = await servers.serve((response) => response.writeHead(200).end());
    await openIncidents(1);
    await database.pool.query(
      `UPDATE chat_debug_recorder.incidents SET close_reason = 'WELL', opened_at = clock_timestamp() + interval '50 minutes',
         closed_at = clock_timestamp() + interval '1 hour'`,
    );
    await whileTelling(alertmanager.url, async ({ tell, registry }) => {
      await tell();
      await tell();
      const { values = [] } = (await registry.getSingleMetric('chat_debug_alerts_total')?.get()) ?? {};
      const repeated = values.find(({ labels }) => labels.to === 'alertmanager' && labels.outcome === 'repeated');
      expect(repeated?.value).toBe(2);
    });
    const { rows } = await database.pool.query<{ now: Date }>('SELECT clock_timestamp() AS now');
    for (const { body } of alertmanager.received) {
      const [, closed] = body as unknown as { startsAt: string; endsAt: string }[];
      expect(new Date(closed?.endsAt ?? 'never').getTime()).toBeLessThanOrEqual(rows[0]?.now.getTime() ?? 0);
      expect(closed?.startsAt).toBe(closed?.endsAt);
    }
  });

  test('that refuses one post is told of all other incidents', async () => {
    let refuses = true;
    const alertmanager = await servers.serve((response) => {
      response.writeHead(refuses ? 400 : 200).end();
      refuses = false;
    });
    await openIncidents(1_200);
    await whileTelling(alertmanager.url, async ({ tell, registry }) => {
      const counts = async () => {
        const { values = [] } = (await registry.getSingleMetric('chat_debug_alerts_total')?.get()) ?? {};
        const count = (outcome: string) =>
          values.find(({ labels }) => labels.to === 'alertmanager' && labels.outcome === outcome)?.value;
        return [count('failed'), count('sent'), count('repeated')];
      };
      await expect(tell()).rejects.toThrow(new NotTaken('HTTP_400'));
      expect(alertmanager.received.length).toBe(3);
      expect(await counts()).toEqual([500, 701, 0]);
      expect(await tell()).toBe(true);
      expect(await counts()).toEqual([500, 1_201, 701]);
      refuses = true;
      await expect(tell()).rejects.toThrow(NotTaken);
      await tell();
      expect(await counts()).toEqual([1_000, 1_201, 701 + 701 + 1_201]); // what was taken before stays so
    });
  });

  test('is none where a page for people answers, such as a login: nothing was taken', async () => {
    const login = await servers.serve((response) =>
      response.writeHead(200, { 'content-type': 'text/html; charset=utf-8' }).end('<form>Sign in</form>'),
    );
    await whileTelling(login.url, ({ tell }) => expect(tell()).rejects.toThrow(new NotTaken('HTML')));
  });

  test('that does not answer costs no incident, and is told of in probe and metrics', async () => {
    const server = await start({ alertmanagerUrl: await deadUrl() });
    await illChats(1);
    await allOpen(1);
    await until('the probe says so', async () =>
      /The Alertmanager did not take the last alerts \(UNREACHABLE\)\./.test(
        await (await fetch(`${server.url}/readyz`)).text(),
      ),
    );
    const failed = 'chat_debug_alerts_total{to="alertmanager",outcome="failed"}';
    expect((await readMetrics(server)).get(failed)).toBeGreaterThan(0);
  });
});

if (!isAlertmanagerInstalled) console.warn('SKIPPED: Alertmanager is not installed, so nothing is told to a real one.');

if (isAlertmanagerInstalled)
  describe('a real Alertmanager', () => {
    const running: Alertmanager[] = [];
    afterEach(async () => {
      for (const one of running.splice(0)) await one.stop();
    });

    /** What an Alertmanager tells by itself. */
    async function startPaged() {
      const pages: { status: string; incident: string | undefined; body: string }[] = [];
      const pager = await servers.serve((response, { body }) => {
        const { alerts } = body as unknown as { alerts: { status: string; labels: Record<string, string> }[] };
        for (const { status, labels } of alerts)
          pages.push({ status, incident: labels.chat, body: JSON.stringify(body) });
        response.writeHead(200).end();
      });
      const alertmanager = await startAlertmanager(pager.url);
      running.push(alertmanager);
      const pagesOf = (id: string) => pages.filter(({ incident }) => incident === id).map(({ status }) => status);
      return { alertmanager, pages, pagesOf };
    }

    test('tells also of an incident that was opened by a clock that was ahead', async () => {
      const { alertmanager, pagesOf } = await startPaged();
      await openIncidents(1, 1);
      const id = (await incidentRows(database.pool))[0]?.chat_id;
      await whileTelling(alertmanager.url, async ({ tell }) => {
        expect(await tell()).toBe(true);
        await until('it has fired', () => pagesOf(id).length === 1);
        await tell();
        await database.pool.query(
          `UPDATE chat_debug_recorder.incidents SET closed_at = clock_timestamp(), close_reason = 'WELL'`,
        );
        await tell();
        await until('it is resolved', () => pagesOf(id).length === 2);
      });
      expect(pagesOf(id)).toEqual(['firing', 'resolved']);
    });

    test('tells of each trouble once when it begins and once when it ends, and that a recorder is active', async () => {
      const { alertmanager, pages, pagesOf } = await startPaged();
      const receivers = { alertmanagerUrl: `${alertmanager.url}/`, publicUrl: 'https://debug.example' };
      const server = await start(receivers);
      const chats = await illChats(3);
      await until('each has fired', () => chats.every((id) => pagesOf(id).length === 1));

      const [changed = ''] = chats;
      const alertOf = async (id: string) => (await alertmanager.alerts()).find(({ labels }) => labels.chat === id);
      const before = await alertOf(changed);
      expect(before).toMatchObject({
        labels: { alertname: 'ChatInTrouble', chat: changed, incident: expect.any(String) },
        annotations: { code: 'INVALID_STATE', severity: 'CRITICAL', summary: expect.stringMatching(/^Stuck: /) },
        generatorURL: expect.stringMatching(/^https:\/\/debug\.example\/incidents\/[\w-]+$/),
      });
      await database.pool.query(
        `UPDATE chats SET status = 'running', updated_at = now() - interval '1 hour' WHERE id = $1`,
        [changed],
      );
      await until('the incident has another root cause', async () =>
        (await incidentRows(database.pool)).some(({ code }) => code === 'NO_OWNER'),
      );
      await illChats(1); // everything is told again
      await until(
        'the alert has another annotation',
        async () => (await alertOf(changed))?.annotations.code === 'NO_OWNER',
      );
      expect((await alertOf(changed))?.labels).toEqual(before?.labels);

      const active = (await alertmanager.alerts()).find(({ labels }) => labels.alertname === 'ChatDebugRecorderActive');
      const lastsSeconds = (Date.parse(active?.endsAt ?? '') - Date.parse((await now()).toISOString())) / 1_000;
      expect(lastsSeconds).toBeGreaterThan(60);
      expect(lastsSeconds).toBeLessThanOrEqual(180);

      await server.stop();
      await start(receivers); // another recorder, which knows nothing of what was told
      await heal(chats);
      await until('each is resolved', () => chats.every((id) => pagesOf(id).length === 2));
      for (const id of chats) expect(pagesOf(id)).toEqual(['firing', 'resolved']);
      for (const { body } of pages) expect(body).not.toMatch(/kanarienvogel|postgres|secret/);
    });
  });

const now = async (): Promise<Date> => (await database.pool.query('SELECT now() AS now')).rows[0].now;
