/** Incidents through the gateway: with a recorder, without one, and with one that is away. */
import { randomUUID } from 'node:crypto';
import { afterEach, beforeAll, describe, expect, test } from '@jest/globals';
import { AUDIT, OPERATE } from '../../domain/actions/rights.ts';
import { READ_ALL } from '../../server/tokens/internalToken.ts';
import { startRecorderServer } from '../../subgraphs/recorder/server.ts';
import { insertChat } from '../subgraphs/database/support/rows.ts';
import { operatorsPerTest } from '../subgraphs/operator/support/operators.ts';
import { emptyIncidentTables, incidentRows, makeIncidentTables } from '../subgraphs/recorder/support/incidentTables.ts';
import { until } from '../support/until.ts';
import { fleetPerFile } from './fleet.ts';
import { askGateway, callerToken, type GatewayChanges } from './gateways.ts';
import { deadUrl } from './httpServers.ts';
import { shared } from './runtimes.ts';

const { database, gateway, keep } = fleetPerFile();
const operators = operatorsPerTest(database);
beforeAll(() => makeIncidentTables(database.pool));
afterEach(() => emptyIncidentTables(database.pool));

/** A gateway with a recorder, which asks the gateway that all tests share. */
async function withRecorder(changes: GatewayChanges = {}) {
  const server = await startRecorderServer({
    ...{ ...shared, databaseUrl: database.url, databaseTimeoutMs: 20_000 },
    ...{ gatewayUrl: `${(await gateway()).url}/graphql`, intervalSeconds: 0.2, retentionDays: 30 },
  });
  keep(server);
  return gateway({ recorder: { url: `${server.url}/graphql`, databaseTimeoutMs: 20_000 }, ...changes });
}

const QUERY = `query ($id: UUID!) {
  chatDebugSnapshot(chatId: $id) { chatId executionState incidents { chatId code closedAt bundles { why bundle } } diagnosis { verdict } }
  incidents(filter: { open: true }) { edges { node { chatId code } } }
}`;

describe('incidents', () => {
  test('stand at their chat and in a list, for the operator and for the owner of the chat', async () => {
    const ownerId = randomUUID();
    const id = await insertChat(database.pool, { status: 'paused', owner_id: ownerId });
    const foreign = await insertChat(database.pool, { status: 'paused' });
    const front = await withRecorder();
    await until('both incidents are open', async () => (await incidentRows(database.pool)).length === 2);
    const asked = await askGateway(front, QUERY, { variables: { id } });
    expect(asked.body.errors).toBeUndefined();
    expect(asked.body.data).toMatchObject({
      chatDebugSnapshot: {
        ...{ chatId: id, executionState: 'INVALID', diagnosis: { verdict: 'STUCK' } },
        incidents: [
          {
            ...{ chatId: id, code: 'INVALID_STATE', closedAt: null },
            bundles: [{ why: 'OPENED', bundle: { snapshot: { chatId: id } } }],
          },
        ],
      },
    });
    const list = ({ data }: { data?: unknown }) => (data as { incidents: { edges: unknown[] } }).incidents.edges;
    expect(list(asked.body)).toHaveLength(2);

    const token = await callerToken({ sub: ownerId });
    const own = await askGateway(front, QUERY, { variables: { id }, token });
    expect(list(own.body)).toEqual([{ node: { chatId: id, code: 'INVALID_STATE' } }]);
    const other = await askGateway(front, QUERY, { variables: { id: foreign }, token });
    expect([other.body.errors, other.body.data?.chatDebugSnapshot]).toEqual([undefined, null]);
  });

  test('name the actions that were taken while they were open, for auditors', async () => {
    const id = await insertChat(database.pool, { status: 'paused' });
    const recorder = await withRecorder();
    await until('the incident is open', async () => (await incidentRows(database.pool)).length === 1);
    const operator = await operators.start();
    const front = await withRecorder({ operator: { url: `${operator.url}/graphql`, databaseTimeoutMs: 20_000 } });
    const token = await callerToken({ sub: 'an-operator', roles: [READ_ALL, OPERATE, AUDIT] });
    const RECONCILE = `mutation { reconcileChat(id: "${id}", expect: { snapshotVersion: 1 }, reason: "for a test",
      idempotencyKey: "${randomUUID()}") { outcome } }`;
    expect((await askGateway(front, RECONCILE, { token })).body.data).toEqual({ reconcileChat: { outcome: 'DONE' } });
    await until(
      'the incident follows the chat',
      async () => (await incidentRows(database.pool))[0]?.code === 'ERRORED',
    );
    const ACTIONS = `{ incidents { edges { node { code actions { action reason planId } } } } }`;
    const asked = await askGateway(front, ACTIONS, { token });
    const actions = [{ action: 'RECONCILE_CHAT', reason: 'for a test', planId: null }];
    expect(asked.body.data).toEqual({ incidents: { edges: [{ node: { code: 'ERRORED', actions } }] } });
    const reader = await askGateway(front, ACTIONS);
    expect(reader.body.data).toEqual({ incidents: { edges: [{ node: { code: 'ERRORED', actions: null } }] } });
    expect(reader.body.errors?.[0]?.extensions.code).toBe('FORBIDDEN');
    const without = await askGateway(recorder, ACTIONS, { token });
    expect(without.body).toEqual({
      data: { incidents: { edges: [{ node: { code: 'ERRORED', actions: null } }] } },
    });
  });

  test('are null where there is no recorder, and all else is as it was', async () => {
    const id = await insertChat(database.pool, { status: 'paused' });
    const { status, body } = await askGateway(await gateway(), QUERY, { variables: { id } });
    expect([status, body.errors]).toEqual([200, undefined]);
    expect(body.data).toEqual({
      chatDebugSnapshot: { chatId: id, executionState: 'INVALID', incidents: null, diagnosis: { verdict: 'STUCK' } },
      incidents: null,
    });
    const one = await askGateway(await gateway(), `{ incident(id: "${id}") { code } }`);
    expect(one.body).toEqual({ data: { incident: null } });
  });

  test('are null with an error while the recorder is away, which costs nothing else', async () => {
    const id = await insertChat(database.pool, { status: 'paused' });
    const front = await gateway({ recorder: { url: `${await deadUrl()}/graphql`, databaseTimeoutMs: 2_000 } });
    const { status, body } = await askGateway(front, QUERY, { variables: { id } });
    expect(status).toBe(200);
    expect(body.data).toEqual({
      chatDebugSnapshot: { chatId: id, executionState: 'INVALID', incidents: null, diagnosis: { verdict: 'STUCK' } },
      incidents: null,
    });
    expect(body.errors?.map(({ message, extensions }) => [message, extensions.code])).toEqual([
      ['The recorder did not answer. Try again.', 'RECORDER_UNAVAILABLE'],
      ['The recorder did not answer. Try again.', 'RECORDER_UNAVAILABLE'],
    ]);
  });
});
