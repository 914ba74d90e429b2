/** Output of `npm run chat-debug -- why` on trouble that is made here: the examples of the runbook. */
import { randomUUID } from 'node:crypto';
import { describe, expect, jest, test } from '@jest/globals';
import { systemClock } from '../../common/clock.ts';
import type { Replica, ReplicaOptions } from '../../subgraphs/runtime/replica.ts';
import { DIAGNOSIS_SETTINGS } from '../gateway/gateways.ts';
import { deadUrl } from '../gateway/httpServers.ts';
import { insertChat, insertHeartbeat, insertReplica } from '../subgraphs/database/support/rows.ts';
import { expectExample } from '../support/examples.ts';
import { until } from '../support/until.ts';
import { debugSystemPerFile } from './support/debugSystem.ts';

jest.setTimeout(120_000);

/** Enough for a model that streams on a loaded machine. */
const NO_PROGRESS_SECONDS = 10;
const { database, startReplica, debug, chat } = debugSystemPerFile({
  diagnosis: { ...DIAGNOSIS_SETTINGS, noProgressSeconds: NO_PROGRESS_SECONDS },
});

/** Asks until the finding is there, with these `words` in what is said, since some come only with time. */
async function expectWhy(
  code: string,
  severity: 'CRITICAL' | 'WARNING' | 'INFO',
  id: string,
  ...words: string[]
): Promise<void> {
  const stdout = await until('the finding is shown with its words', async () => {
    const finished = await debug(['why', id]);
    const wanted = [`\n${severity}  ${code}\n`, ...words];
    return wanted.every((part) => finished.stdout.includes(part)) && finished.stdout;
  });
  const critical = stdout.match(/^CRITICAL .*$/gm) ?? [];
  expect(critical).toEqual(severity === 'CRITICAL' ? [`CRITICAL  ${code}`] : []);
  expectExample(code, id, stdout);
}

const edit = (sql: string, id: string) => database.pool.query(sql, [id]);
const MINUTES_AGO = `now() - interval '10 minutes'`;

describe('a row that nobody works on', () => {
  test('INVALID_STATE: a status that is no longer used', async () => {
    await expectWhy('INVALID_STATE', 'CRITICAL', await insertChat(database.pool, { status: 'paused' }));
  });

  test('NO_OWNER: no worker runs', async () => {
    const id = await chat('create', 'hello', '--owner', randomUUID());
    await edit(`UPDATE chats SET updated_at = ${MINUTES_AGO} WHERE id = $1`, id);
    await expectWhy('NO_OWNER', 'CRITICAL', id);
  });

  test.each([
    ['OWNER_UNKNOWN', async () => randomUUID() as string],
    ['OWNER_STOPPED', () => insertReplica(database.pool, { stopped_at: MINUTES_AGO, updated_at: MINUTES_AGO })],
    [
      'OWNER_UNREACHABLE',
      async () => {
        const id = await insertReplica(database.pool);
        await database.pool.query('UPDATE replicas SET relay_address = $2 WHERE id = $1', [id, await deadUrl()]);
        return id;
      },
    ],
  ])('%s: the owner is gone', async (code, addOwner) => {
    const runner_id = randomUUID();
    const columns = { status: 'running', worker_id: await addOwner(), runner_id, updated_at: MINUTES_AGO };
    const id = await insertChat(database.pool, columns);
    await insertHeartbeat(database.pool, id, runner_id, MINUTES_AGO);
    await expectWhy(code, 'CRITICAL', id);
  });
});

/** Renews and looks for work so rarely that what is done to its chats here stays as it is. */
const slow = { heartbeatIntervalSeconds: 120, staleAfterSeconds: 300, acquisitionIntervalSeconds: 600 };

/** A chat that a worker has, once the worker is at what the text tells the model to do. */
async function owned(text: string, state: string, options: Partial<ReplicaOptions> = slow) {
  const replica: Replica = await startReplica(options);
  const id = await chat('create', text, '--owner', randomUUID());
  await until('the snapshot shows the state, and no task', async () => {
    const { stdout } = await debug(['snapshot', id]);
    return stdout.includes(`state ${state}`) && /task {10}|^ {2}runner {8}none$/m.test(stdout);
  });
  return { id, replica };
}

describe('a chat that a worker has', () => {
  test('HEARTBEAT_MISSING: its lease is deleted', async () => {
    const { id } = await owned('/slow 300', 'R0');
    await edit('DELETE FROM chat_heartbeats WHERE chat_id = $1', id);
    await expectWhy('HEARTBEAT_MISSING', 'CRITICAL', id);
  });

  test('HEARTBEAT_STALE: its lease is older than the owner says it is good for', async () => {
    const { id } = await owned('/slow 300', 'R0');
    await edit(`UPDATE chat_heartbeats SET heartbeat_at = ${MINUTES_AGO} WHERE chat_id = $1`, id);
    await expectWhy('HEARTBEAT_STALE', 'CRITICAL', id);
  });

  test('LEASE_ENDANGERED: half of what is left after an interval has gone', async () => {
    const { id } = await owned('/slow 300', 'R0');
    await edit(`UPDATE chat_heartbeats SET heartbeat_at = now() - interval '4 minutes' WHERE chat_id = $1`, id);
    await expectWhy('LEASE_ENDANGERED', 'WARNING', id);
  });

  test('NO_PROGRESS: the model says nothing more', async () => {
    const { id } = await owned('/stall', 'R0');
    await expectWhy('NO_PROGRESS', 'CRITICAL', id);
  });

  test('ACTION_PENDING: it waits for a tool outside', async () => {
    const { id } = await owned('/tool ask_person', 'A0', { ...slow, actionTimeoutSeconds: 300 });
    await expectWhy('ACTION_PENDING', 'INFO', id);
  });

  test('ACTION_DEADLINE_PASSED: the deadline is put into the past, and nobody is told', async () => {
    const { id } = await owned('/tool ask_person', 'A0', { ...slow, actionTimeoutSeconds: 300 });
    const uncounted = `(SELECT set_config('chat_debug.events', 'off', true)) AS uncounted`; // as by a worker that moved it
    await edit(`UPDATE chats SET requires_action_deadline_at = ${MINUTES_AGO} FROM ${uncounted} WHERE id = $1`, id);
    await expectWhy('ACTION_DEADLINE_PASSED', 'CRITICAL', id);
  });

  test('RETRY_BACKOFF: the model fails', async () => {
    const id = await chat('create', '/fail', '--owner', randomUUID());
    // Only now, and with the longest pauses: after 18 s it has failed so often that this is a WARNING.
    await startReplica({ ...slow, clock: { ...systemClock, random: () => 0.999 } });
    await expectWhy('RETRY_BACKOFF', 'INFO', id, 'the next is in', 'EXACT'); // and not while an attempt is made
  });

  test('ERRORED: the model fails, and the worker gives up', async () => {
    const { id } = await owned('/fail', 'E0', { ...slow, maxAttempts: 1 });
    await expectWhy('ERRORED', 'WARNING', id);
  });

  test('QUEUE_BLOCKED: it gives up after another message was sent', async () => {
    const id = await chat('create', '/fail', '--owner', randomUUID());
    await chat('send', id, 'and this');
    await startReplica({ ...slow, maxAttempts: 1 });
    await expectWhy('QUEUE_BLOCKED', 'CRITICAL', id);
  });
});
