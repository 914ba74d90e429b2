/** Jobs of graphile-worker as chats: its tables by views, its events by the SDK, and the right word for each stuck job. */
import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { readFileSync } from 'node:fs';
import { createInterface } from 'node:readline';
import { fileURLToPath } from 'node:url';
import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import { makeWorkerUtils, runMigrations, type WorkerUtils } from 'graphile-worker';
import type { RunningServer } from '../../server/app.ts';
import { startDatabaseSubgraph } from '../../subgraphs/database/server.ts';
import { askGateway, INTERNAL_SECRET, startTestGateway } from '../gateway/gateways.ts';
import { shared } from '../gateway/runtimes.ts';
import { runScript } from '../support/command.ts';
import { databasePerFile } from '../support/database.ts';
import { until } from '../support/until.ts';
import { dropReader } from '../upstream/tables.ts';

let subgraph: RunningServer;
let gateway: RunningServer;
let utils: WorkerUtils;
const reader = { role: '' };
const processes: ChildProcess[] = [];
/** Before the database is dropped. */
afterAll(async () => {
  for (const child of processes) child.kill('SIGKILL');
  await utils?.release();
  await gateway?.stop();
  await subgraph?.stop();
  await dropReader(database.pool, reader.role);
});
const database = databasePerFile('template0');
const file = (path: string) => fileURLToPath(new URL(`../../${path}`, import.meta.url));
const HEALTHY = 500;
const AT_ONCE = 50;
/** Short times, so that a test need not wait for a lease to run out. */
const TIMES = {
  staleAfterSeconds: 3,
  heartbeatIntervalSeconds: 1,
  acquisitionIntervalSeconds: 3,
  noProgressSeconds: 600,
};

beforeAll(async () => {
  await runMigrations({ connectionString: database.url });
  await database.pool.query(readFileSync(file('examples/graphile-worker/views.sql'), 'utf8'));
  const databaseUrl = await readerUrl();
  subgraph = await startDatabaseSubgraph({ ...shared, ...TIMES, databaseTimeoutMs: 20_000, databaseUrl });
  gateway = await startTestGateway(subgraph);
  utils = await makeWorkerUtils({ connectionString: database.url });
}, 30_000);

/** Makes the gateway's role, whose own search_path leads to the views, as behind a pooler. @returns its URL */
async function readerUrl(): Promise<string> {
  const url = new URL(database.url);
  Object.assign(url, { username: `reader_${url.pathname.slice(-12)}`, password: 'a-password' });
  await database.pool.query(`
    CREATE ROLE ${url.username} LOGIN PASSWORD '${url.password}';
    GRANT USAGE ON SCHEMA chat_debug, graphile_worker TO ${url.username};
    GRANT SELECT ON ALL TABLES IN SCHEMA chat_debug TO ${url.username};
    ALTER ROLE ${url.username} SET search_path = chat_debug`);
  reader.role = url.username;
  return url.href;
}

/** Starts a process of the platform. */
async function startJobs(...more: string[]): Promise<ChildProcess> {
  const args = [file('test/adopting/jobs.mjs'), database.url, INTERNAL_SECRET, ...more];
  const child = spawn(process.execPath, args, { stdio: ['pipe', 'pipe', 'inherit'] });
  processes.push(child);
  await once(createInterface(child.stdout), 'line');
  return child;
}

interface Judged {
  chatId: string;
  database: { title: string };
  diagnosis: { verdict: string; summary: string; findings: { code: string; severity: string }[] };
}
const FIELDS = 'chatId database { title } diagnosis { verdict summary findings { code severity } }';

async function judged(ids: readonly string[]): Promise<Judged[]> {
  const query = `query ($ids: [UUID!]!) { chatDebugSnapshots(chatIds: $ids) { ${FIELDS} } }`;
  const { body } = await askGateway<{ chatDebugSnapshots: Judged[] }>(gateway, query, { variables: { ids } });
  expect(body.errors).toBeUndefined();
  return body.data?.chatDebugSnapshots ?? [];
}
const chatIdOf = (job: { id: string }) => `00000000-0000-4000-8000-${BigInt(job.id).toString(16).padStart(12, '0')}`;
const isWorking = ({ diagnosis }: Judged) => diagnosis.verdict === 'WORKING';
const codes = (chat: Judged | undefined) => chat?.diagnosis.findings.map(({ code }) => code);

/** Waits for a verdict. */
const verdictOf = (job: { id: string }, verdict: string) =>
  until(`the verdict ${verdict}`, async () => {
    const [chat] = await judged([chatIdOf(job)]);
    return chat?.diagnosis.verdict === verdict ? chat : undefined;
  });

async function endAll(child: ChildProcess | undefined): Promise<void> {
  child?.stdin?.write('end\n');
  await until('all of them ended', async () => {
    const sql = 'SELECT count(*)::int AS count FROM graphile_worker._private_jobs';
    return (await database.pool.query<{ count: number }>(sql)).rows[0]?.count === 0;
  });
}

test('its process keeps every promise of the protocol while it works', async () => {
  const child = await startJobs();
  const jobs = await Promise.all(Array.from({ length: AT_ONCE }, () => utils.addJob('holds', {})));
  await until('all of them run', async () => (await judged(jobs.map(chatIdOf))).every(isWorking));
  const { rows } = await database.pool.query<{ url: string }>('SELECT relay_address AS url FROM chat_debug.processes');
  const settings = { INTERNAL_SECRET, REPLICA_TIMEOUT_MS: '20000' };
  const { code, stdout } = await runScript('dist/cli/conformance.js', [rows[0]?.url ?? ''], settings);
  expect([code, stdout]).toEqual([0, expect.stringContaining('The worker speaks chat-debug-runtime/1.')]);
  await endAll(child);
});

test(`${HEALTHY} healthy jobs have no finding, while they run`, async () => {
  const [child] = processes;
  let seen = 0;
  while (seen < HEALTHY) {
    const jobs = await Promise.all(Array.from({ length: AT_ONCE }, () => utils.addJob('holds', {})));
    await until('all of them run', async () => {
      const sql = 'SELECT count(*)::int AS count FROM graphile_worker._private_jobs WHERE locked_by IS NOT NULL';
      return (await database.pool.query<{ count: number }>(sql)).rows[0]?.count === AT_ONCE;
    });
    for (const chat of await judged(jobs.map(chatIdOf))) {
      expect(chat.diagnosis).toEqual({ verdict: 'WORKING', summary: expect.any(String), findings: [] });
      seen += 1;
    }
    await endAll(child);
  }
  expect(seen).toBe(HEALTHY);
}, 240_000);

describe('a stuck job', () => {
  test('that never returns is STUCK by its own promise', async () => {
    const chat = await verdictOf(await utils.addJob('stalls', {}), 'STUCK');
    expect(codes(chat)).toContain('NO_PROGRESS');
    expect(chat.database.title).toBe('stalls');
  });

  test('that fails for ever is waiting with a warning, and then failed for good', async () => {
    const job = await utils.addJob('fails', {}, { maxAttempts: 9 });
    const waiting = await verdictOf(job, 'WAITING');
    expect(waiting.diagnosis.findings).toEqual([{ code: 'RETRY_BACKOFF', severity: 'INFO' }]);
    const change =
      'UPDATE graphile_worker._private_jobs SET attempts = $2, run_at = now() + $3::interval WHERE id = $1';
    await database.pool.query(change, [job.id, 6, '1 day']);
    expect((await judged([chatIdOf(job)]))[0]?.diagnosis).toMatchObject({
      ...{ verdict: 'WAITING', findings: [{ code: 'RETRY_BACKOFF', severity: 'WARNING' }] },
      summary: expect.stringMatching(/attempt 6 failed \(failed\), and the next is in 2[34] h/),
    });
    await database.pool.query(change, [job.id, 9, '0']);
    const failed = await verdictOf(job, 'FAILED');
    expect(codes(failed)).toEqual(['ERRORED']);
    expect(JSON.stringify(failed)).not.toContain('what a person wrote');
  });

  test('whose start lies ahead is waiting, and nobody is late for it', async () => {
    const job = await utils.addJob('holds', {}, { runAt: new Date(4_000_000_000_000) });
    const chat = await verdictOf(job, 'WAITING');
    expect(chat.diagnosis.findings).toEqual([{ code: 'RETRY_BACKOFF', severity: 'INFO' }]);
    expect(chat.diagnosis.summary).toContain('it is to start in');
  });

  test('that waits for its queue is waiting, and nobody is late for it', async () => {
    await utils.addJob('stalls', {}, { queueName: 'one at a time' });
    const behind = await utils.addJob('holds', {}, { queueName: 'one at a time' });
    const chat = await verdictOf(behind, 'WAITING');
    expect(chat.diagnosis.findings).toEqual([{ code: 'CAPACITY_WAIT', severity: 'INFO' }]);
    expect(chat.diagnosis.summary).toContain('its queue works on another one');
  });

  test('whose worker was killed is STUCK once its lease has run out', async () => {
    const job = await utils.addJob('holds', {});
    await verdictOf(job, 'WORKING');
    const child = processes[0];
    child?.kill('SIGKILL');
    if (child) await once(child, 'exit');
    const chat = await verdictOf(job, 'STUCK');
    expect(codes(chat)).toContain('OWNER_UNREACHABLE');
    expect(codes(chat)).toContain('HEARTBEAT_STALE');
    // By the rows alone it is a suspect a little later: another worker may be about to take it.
    const query = '{ chats(filter: { suspect: true }, first: 100) { edges { node { chatId } } } }';
    await until('it is among the suspects', async () => {
      const { body } = await askGateway<{ chats: { edges: { node: { chatId: string } }[] } }>(gateway, query);
      return body.data?.chats.edges.some(({ node }) => node.chatId === chatIdOf(job));
    });
  });
});

test('a job of a process without the adapter, as while a new version is rolled out, is not called STUCK: nobody can tell', async () => {
  await startJobs('unseen');
  const job = await utils.addJob('holds', {});
  const chat = await until('its worker has been unseen for a while', async () => {
    const [seen] = await judged([chatIdOf(job)]);
    return seen?.diagnosis.findings.some(({ severity }) => severity === 'WARNING') ? seen : undefined;
  });
  expect(chat.diagnosis).toEqual({
    ...{ verdict: 'UNKNOWN', findings: [{ code: 'OWNER_UNKNOWN', severity: 'WARNING' }] },
    summary: expect.stringContaining('has no row in the view `replicas`'),
  });
});
