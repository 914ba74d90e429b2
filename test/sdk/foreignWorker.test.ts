/** A worker that is not this project's, asked by a real gateway: rows in Postgres, memory by runtime protocol 1. */
import { randomUUID } from 'node:crypto';
import { describe, expect, test } from '@jest/globals';
import { fleetPerFile } from '../gateway/fleet.ts';
import { askGateway } from '../gateway/gateways.ts';
import { workersPerTest } from './workers.ts';

const { database, gateway, insertReplica } = fleetPerFile();
const { startWorker } = workersPerTest();

const QUERY = `query ($id: UUID!) { chatDebugSnapshot(chatId: $id) {
  runtime {
    reachability { status reason } localWorkerId workerIdMatchesLocal
    runners { runnerId phase uptimeSeconds snapshotVersion activeTaskKind idleSeconds
      activeTask { kind label runningSeconds secondsSinceProgress progressWithinSeconds }
      lease { ageSeconds intervalSeconds } }
    messageBuffers { partsBuffered bytesBuffered isClosed }
  }
  diagnosis { verdict findings { code } }
} }`;

interface Snapshot {
  chatDebugSnapshot: {
    runtime: { reachability: { status: string }; runners: { [field: string]: unknown }[] } & Record<string, unknown>;
    diagnosis: { verdict: string; findings: { code: string }[] };
  };
}

/** A running chat of a worker, whose lease is fresh. */
async function runningChat(workerId: string, runnerId: string): Promise<string> {
  const { rows } = await database.pool.query<{ id: string }>(
    `WITH chat AS (INSERT INTO chats (owner_id, worker_id, runner_id, status) VALUES ($1, $2, $3, 'running') RETURNING id),
       lease AS (INSERT INTO chat_heartbeats (chat_id, runner_id, heartbeat_at) SELECT id, $3, now() FROM chat)
     SELECT id FROM chat`,
    [randomUUID(), workerId, runnerId],
  );
  return rows[0]?.id ?? '';
}

const ask = async (id: string) => {
  const { body } = await askGateway<Snapshot>(await gateway(), QUERY, {
    variables: { id },
    extensions: { routing: true },
  });
  return { body, snapshot: body.data?.chatDebugSnapshot };
};

describe('a worker behind the SDK', () => {
  test('is found by its own words, and asked once in them from then on', async () => {
    const { debug, url } = await startWorker({ capacity: 5, lease: { intervalSeconds: 9, staleAfterSeconds: 30 } });
    await insertReplica(url, { id: debug.workerId });
    const runnerId = randomUUID();
    const id = await runningChat(debug.workerId, runnerId);
    const run = debug.run(id, { runnerId, snapshotVersion: 1 });
    run.lease();
    run.task('generation', { progressWithinSeconds: 60 });
    run.buffer({ historyVersion: 1, generationAttempt: 1 }).part(12);

    const { body, snapshot } = await ask(id);
    expect(body.errors).toBeUndefined();
    const seconds = expect.any(Number);
    expect(snapshot?.runtime).toEqual({
      reachability: { status: 'OK', reason: null },
      localWorkerId: debug.workerId,
      workerIdMatchesLocal: true,
      runners: [
        {
          ...{ runnerId, phase: 'RUNNING', uptimeSeconds: seconds, snapshotVersion: 1, activeTaskKind: 'GENERATION' },
          idleSeconds: null,
          activeTask: {
            ...{ kind: 'GENERATION', label: null, runningSeconds: seconds, secondsSinceProgress: seconds },
            progressWithinSeconds: 60,
          },
          lease: { ageSeconds: seconds, intervalSeconds: 9 },
        },
      ],
      messageBuffers: [{ partsBuffered: 1, bytesBuffered: 12, isClosed: false }],
    });
    expect(snapshot?.diagnosis).toEqual({ verdict: 'WORKING', findings: [] });
    const attempts = async () =>
      ((await ask(id)).body.extensions as { routing: { attempts: number }[] }).routing.map((asked) => asked.attempts);
    expect(await attempts()).toEqual([1]);
  });

  test('that holds no runner for its chat says so, and the verdict follows', async () => {
    const { debug, url } = await startWorker();
    await insertReplica(url, { id: debug.workerId });
    const id = await runningChat(debug.workerId, randomUUID());
    await database.pool.query("UPDATE chats SET updated_at = now() - interval '1 minute' WHERE id = $1", [id]);
    const { snapshot } = await ask(id);
    expect(snapshot?.runtime.runners).toEqual([]);
    expect(snapshot?.diagnosis.verdict).toBe('STUCK');
    expect(snapshot?.diagnosis.findings.map(({ code }) => code)).toContain('RUNNER_MISSING');
  });
});
