/** A worker that is not this project's, asked by a real gateway: rows in Postgres, memory by runtime protocol 1. */
import { randomUUID } from 'node:crypto';
import { describe, expect, test } from '@jest/globals';
import { systemClock } from '../../common/clock.ts';
import { fleetPerFile } from '../gateway/fleet.ts';
import { askGateway } from '../gateway/gateways.ts';
import { workersPerTest } from './workers.ts';

const { database, gateway, insertReplica } = fleetPerFile();
const { listen, startWorker } = workersPerTest();

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

test('a worker that tells negative amounts is not judged by them, and each costs only itself', async () => {
  const [workerId, runnerId] = [randomUUID(), randomUUID()];
  const ago = (ms: number) => new Date(systemClock.now().getTime() - ms).toISOString();
  const url = await listen((request, response) => {
    const chunks: Buffer[] = [];
    request.on('data', (chunk: Buffer) => chunks.push(chunk));
    request.on('end', () => {
      const task = { kind: 'generation', startedAt: ago(1_000), lastProgressAt: ago(500), progressWithinSeconds: -60 };
      const lease = { renewedAt: ago(500), intervalSeconds: -9, staleAfterSeconds: -30 };
      const runners = [{ runnerId, phase: 'running', startedAt: ago(1_000), tasks: [task], lease }];
      const isOfChats = request.url === '/chat-debug/v1/chats';
      const { chatIds = [] } = isOfChats ? (JSON.parse(Buffer.concat(chunks).toString()) as { chatIds: string[] }) : {};
      const chats = chatIds.map((chatId) => ({ chatId, runners }));
      response.writeHead(isOfChats || request.method === 'GET' ? 200 : 404, { 'content-type': 'application/json' });
      response.end(JSON.stringify({ workerId, observedAt: ago(0), ...(isOfChats && { chats }) }));
    });
  });
  await insertReplica(url, { id: workerId });
  const { body, snapshot } = await ask(await runningChat(workerId, runnerId));
  expect(body.errors?.map(({ path, extensions }) => [path?.at(-1), extensions?.code])).toEqual([
    ['progressWithinSeconds', 'VALUE_UNREADABLE'],
    ['intervalSeconds', 'VALUE_UNREADABLE'],
  ]);
  const [runner] = snapshot?.runtime.runners ?? [];
  expect(runner).toMatchObject({ activeTask: { progressWithinSeconds: null }, lease: { intervalSeconds: null } });
  expect(snapshot?.diagnosis).toEqual({ verdict: 'WORKING', findings: [] });
});

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
