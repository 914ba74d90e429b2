/** Words of people, models and providers, put wherever a chat may hold some: nothing that the recorder keeps or tells has them. */
import { randomUUID } from 'node:crypto';
import { expect, jest, test } from '@jest/globals';
import { NOWHERE } from '../../cli/support/debugSystem.ts';
import { INTERNAL_SECRET } from '../../gateway/gateways.ts';
import { sendJson, serversPerTest } from '../../gateway/httpServers.ts';
import { runScript } from '../../support/command.ts';
import { until } from '../../support/until.ts';
import { call, insertChat, insertMessage, text } from '../database/support/rows.ts';
import { startAlertReceiver, WEBHOOK_SECRET } from './support/alertReceiver.ts';
import { incidentRows } from './support/incidentTables.ts';
import { recorderSystemPerFile } from './support/recorderSystem.ts';

jest.setTimeout(240_000);

const { database, lines, startSystem } = recorderSystemPerFile();
const servers = serversPerTest();

const CANARY = 'canary bird sings';
const HAS_CANARY = /canary|bird|sings/i;

/** Chats in several kinds of trouble, whose every column and message has the words. */
async function sung(): Promise<string[]> {
  const words = {
    title: CANARY,
    last_error: { kind: CANARY, message: CANARY, provider: CANARY, status_code: 500, retryable: false, extra: CANARY },
    retry_state: { attempt: 2, error: CANARY, kind: CANARY, retrying_at: CANARY },
  };
  const old = { updated_at: `now() - interval '1 hour'` };
  const ids = [
    await insertChat(database.pool, { ...words, status: 'paused' }),
    await insertChat(database.pool, { ...words, status: 'error' }),
    await insertChat(database.pool, { ...words, ...old, status: 'running' }),
    await insertChat(database.pool, {
      ...{ ...words, ...old, status: 'requires_action' },
      requires_action_deadline_at: `now() - interval '1 hour'`,
    }),
  ];
  for (const id of ids) {
    await insertMessage(database.pool, id, 'user', [text(CANARY)]);
    const asked = { ...call('call_1', 'ask'), input: { words: CANARY } };
    await insertMessage(database.pool, id, 'assistant', [text(CANARY), asked, { type: 'reasoning', text: CANARY }]);
    await database.pool.query(
      `INSERT INTO chat_queued_messages (chat_id, content, position, created_by) VALUES ($1, $2, 1, gen_random_uuid())`,
      [id, JSON.stringify([text(CANARY)])],
    );
  }
  return ids;
}

test('no event, incident, bundle, alert, log line, metric or trace has the words', async () => {
  const [collector, alertmanager] = [
    await servers.serve((response) => sendJson(response, 200, {})),
    await servers.serve((response) => sendJson(response, 200, {})),
  ];
  const receiver = await startAlertReceiver(servers);
  const { subgraph, gateway, startOwnRecorder, startReplica } = await startSystem({
    ...{ LOG_LEVEL: 'trace', OTEL_EXPORTER_OTLP_ENDPOINT: collector.url },
  });
  const recorder = await startOwnRecorder({
    ...{ RECORDER_INTERVAL_SECONDS: '1', ALERTMANAGER_URL: alertmanager.url, PUBLIC_URL: 'https://debug.example' },
    ...{ ALERT_WEBHOOK_URL: receiver.webhook.url, ALERT_WEBHOOK_SECRET: WEBHOOK_SECRET },
  });
  const ids = await sung();
  await until('all have an incident with a bundle', async () => {
    const open = (await incidentRows(database.pool)).filter(({ bundles }) => bundles !== null);
    return ids.every((id) => open.some(({ chat_id }) => chat_id === id));
  });
  await until('all are told', () => ids.every((id) => receiver.of(id).length > 0));
  await until('the Alertmanager is told, too', () =>
    ids.every((id) => JSON.stringify(alertmanager.received).includes(id)),
  );

  const replica = await startReplica(); // works on some of them, and on one that a person creates, and writes events
  const settings = { DATABASE_URL: database.url, INTERNAL_SECRET, DATA_DIR: NOWHERE, DATABASE_TIMEOUT_MS: '20000' };
  const created = await runScript('dist/cli/chat.js', ['create', `/fail ${CANARY}`, '--owner', randomUUID()], settings);
  await until('the worker has written of it', async () => (await eventsOf(created.stdout.trim())).length > 2);
  await database.pool.query('DELETE FROM chats WHERE id = $1', [ids[0]]);
  await until('the end of one is told', () => receiver.of(ids[0] ?? '').length === 2);
  await until('traces have come', () => collector.received.length > 0);

  const tables = ['incidents', 'incident_bundles', 'deliveries', 'recorder_lease'].map(
    (name) => `chat_debug_recorder.${name}`,
  );
  for (const table of ['chat_events', ...tables]) {
    const { rows } = await database.pool.query(`SELECT one::text AS text FROM ${table} AS one`);
    expect([table, rows.filter(({ text: row }) => HAS_CANARY.test(row))]).toEqual([table, []]);
  }
  const metrics = await Promise.all(
    [subgraph, gateway, recorder, replica].map(async ({ url }) => (await fetch(`${url}/metrics`)).text()),
  );
  const told = { alerts: [...receiver.bodies, JSON.stringify(alertmanager.received)], metrics, lines };
  for (const [where, texts] of Object.entries({
    ...told,
    traces: collector.received.map((one) => JSON.stringify(one)),
  })) {
    expect([where, texts.length > 0, texts.filter((one) => HAS_CANARY.test(one))]).toEqual([where, true, []]);
  }
  for (const alert of told.alerts)
    expect(alert).not.toMatch(new RegExp(`${INTERNAL_SECRET}|${WEBHOOK_SECRET}|postgres:`));
  for (const body of receiver.bodies) expect(body).not.toContain('127.0.0.1');
});

const eventsOf = async (chat: string): Promise<unknown[]> =>
  (await database.pool.query('SELECT FROM chat_events WHERE chat_id = $1', [chat])).rows;
