/** A trace from the client's request to each replica and each question to the database, as a real collector gets it. */
import type { ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { createInterface } from 'node:readline';
import { afterEach, expect, test } from '@jest/globals';
import { AUTH_SECRET, askGateway, callerToken, INTERNAL_SECRET } from './gateway/gateways.ts';
import { sendJson, serversPerTest, type TestServer } from './gateway/httpServers.ts';
import { spawnScript } from './support/command.ts';
import { databasePerFile } from './support/database.ts';
import { ANY_UUID, readMetrics } from './support/metrics.ts';
import { until } from './support/until.ts';

const database = databasePerFile();
const servers = serversPerTest();

/** Milliseconds; each starts up to three processes, on a machine that may be busy. */
const SLOW_MS = 180_000;

const running: ChildProcess[] = [];
afterEach(async () => {
  await Promise.all(
    running.splice(0).map(async (child) => {
      if (child.exitCode !== null || child.signalCode !== null) return;
      const ended = once(child, 'exit');
      child.kill('SIGINT');
      await ended;
    }),
  );
}, SLOW_MS);

type Line = Record<string, unknown>;

/** Starts a process of the system; resolves to its first line with a URL. All its lines go to `lines`. */
async function start(
  script: string,
  environment: Record<string, string>,
  lines: Line[] = [],
): Promise<{ url: string; workerId: string }> {
  const child = spawnScript(script, [], {
    DATABASE_TIMEOUT_MS: '20000',
    HOST: '127.0.0.1',
    INTERNAL_SECRET,
    DATABASE_URL: database.url,
    ...environment,
  });
  running.push(child);
  child.stdout.resume();
  return new Promise((resolve, reject) => {
    child.once('exit', (code) => reject(new Error(`${script} ended with ${code}: ${JSON.stringify(lines)}`)));
    createInterface({ input: child.stderr }).on('line', (text) => {
      const line: Line = text.startsWith('{') ? JSON.parse(text) : { msg: text };
      lines.push(line);
      if (typeof line.url === 'string') resolve({ url: line.url, workerId: String(line.workerId) });
    });
  });
}

/** All three kinds of process, with a chat that the replica owns. */
async function system(environment: Record<string, string>) {
  const lines: Line[] = [];
  const [subgraph, replica] = await Promise.all([
    start('dist/database.js', { ...environment, DATABASE_SUBGRAPH_PORT: '0' }, lines),
    start('dist/replica.js', environment, lines),
  ]);
  const { rows } = await database.pool.query<{ id: string }>(
    `INSERT INTO chats (owner_id, worker_id, runner_id) VALUES (gen_random_uuid(), $1, gen_random_uuid()) RETURNING id`,
    [replica.workerId],
  );
  const where = { PORT: '0', DATABASE_SUBGRAPH_URL: `${subgraph.url}/graphql` };
  const gateway = await start(
    'dist/gateway.js',
    { ...environment, ...where, AUTH_SECRET, REPLICA_TIMEOUT_MS: '20000' },
    lines,
  );
  return { gateway, chat: rows[0]?.id ?? '', lines };
}

interface SpanRecord {
  service: string;
  name: string;
  traceId: string;
  spanId: string;
  parentSpanId?: string;
  attributes: { key: string }[];
}

/** Spans that a collector received, in OTLP's JSON. */
function spansOf(collector: TestServer): SpanRecord[] {
  type Resource = { attributes: { key: string; value: { stringValue?: string } }[] };
  type Batch = { resourceSpans: { resource: Resource; scopeSpans: { spans: SpanRecord[] }[] }[] };
  return collector.received.flatMap(({ body }) =>
    (body as unknown as Batch).resourceSpans.flatMap(({ resource, scopeSpans }) => {
      const service = resource.attributes.find(({ key }) => key === 'service.name')?.value.stringValue ?? '';
      return scopeSpans.flatMap(({ spans }) => spans.map((span) => ({ ...span, service })));
    }),
  );
}

const TRACE = '4bf92f3577b34da6a3ce929d0e0e4736';
const CLIENT = '00f067aa0ba902b7';
const QUERY = `query MyQuery($id: UUID!) { chatDebugSnapshot(chatId: $id) {
  database { status messageStats { total } } runtime { reachability { status } localWorkerId } } }`;

async function ask(gateway: { url: string }, chat: string) {
  const response = await fetch(`${gateway.url}/graphql`, {
    method: 'POST',
    headers: {
      'content-type': 'application/json',
      authorization: `Bearer ${await callerToken()}`,
      traceparent: `00-${TRACE}-${CLIENT}-01`,
      baggage: 'carried=nowhere',
    },
    body: JSON.stringify({ query: QUERY, variables: { id: chat } }),
  });
  return { response, body: await response.text() };
}

test(
  'one trace joins the client, the gateway, the database subgraph, its questions and the replica',
  async () => {
    const collector = await servers.serve((response) => sendJson(response, 200, {}));
    const { gateway, chat, lines } = await system({ OTEL_EXPORTER_OTLP_ENDPOINT: collector.url });
    const { response, body } = await ask(gateway, chat);
    expect(JSON.parse(body)).toMatchObject({
      data: { chatDebugSnapshot: { runtime: { reachability: { status: 'OK' } } } },
    });

    /** Names from the span to the client's own, outermost last. */
    const pathOf = (name: string, spans: SpanRecord[]) => {
      const path: string[] = [];
      let at = spans.find((span) => `${span.service.split('.').at(-1)} ${span.name}` === name);
      while (at) {
        path.push(`${at.service.split('.').at(-1)} ${at.name}`);
        const parent = at.parentSpanId;
        if (parent === CLIENT) return [...path, 'client'];
        at = spans.find(({ spanId }) => spanId === parent);
      }
      return path;
    };
    const spans = await until('the spans of all processes are at the collector', () => {
      const found = spansOf(collector).filter(({ traceId }) => traceId === TRACE);
      const ends = ['database chatRows', 'database messageCounts', 'replica POST /graphql'];
      return ends.every((name) => pathOf(name, found).at(-1) === 'client') && found;
    });
    const inner =
      'gateway gateway.fetch gateway gateway.execute gateway gateway.request'.match(/gateway [a-z.]+/g) ?? [];
    const outer = [...inner, 'gateway POST /graphql', 'client'];
    const compact = (path: string[]) => path.filter((step, i) => step !== path[i - 1]);
    expect(compact(pathOf('database chatRows', spans))).toEqual([
      'database chatRows',
      'database POST /graphql',
      'gateway POST database',
      ...outer,
    ]);
    expect(compact(pathOf('database messageCounts', spans))).toEqual([
      'database messageCounts',
      'database POST /graphql',
      'gateway POST database',
      ...outer,
    ]);
    expect(compact(pathOf('replica POST /graphql', spans))).toEqual([
      'replica POST /graphql',
      'gateway POST runtime',
      ...outer,
    ]);

    const told = JSON.stringify(collector.received.map(({ body: sent }) => sent));
    for (const secret of [
      chat,
      'eyJ',
      'SELECT',
      'FROM',
      'an-operator',
      INTERNAL_SECRET,
      AUTH_SECRET,
      'carried',
      'postgres:/',
    ]) {
      expect([secret, told.includes(secret)]).toEqual([secret, false]);
    }
    const requestId = response.headers.get('x-request-id') ?? 'none';
    expect(told).toContain(requestId);
    const named = await until('all three processes have logged the request', () => {
      const found = lines.filter((line) => line.requestId === requestId).map(({ name }) => name);
      return found.length >= 3 && found;
    });
    expect(named.sort()).toEqual(['database', 'gateway', 'replica']);
    const line = lines.find(({ name, requestId: id }) => name === 'gateway' && id === requestId);
    expect(line).toMatchObject({ operation: 'MyQuery', status: 200, replicas: 1, replicaIds: [expect.any(String)] });
    const metrics = await readMetrics(gateway);
    const series = `chat_debug_replica_requests_total{replica="${String(line?.replicaIds).slice(0, 8)}",status="OK"}`;
    expect(metrics.get(series)).toBe(1);
    expect([...metrics.keys()].join('\n')).not.toMatch(ANY_UUID);
  },
  SLOW_MS,
);

test(
  'a collector that hangs costs no request, and does not hold up the end of a process',
  async () => {
    const collector = await servers.hang();
    const subgraph = await servers.serve((response) => sendJson(response, 200, { data: { chatDebugSnapshot: null } }));
    const where = { PORT: '0', DATABASE_SUBGRAPH_URL: `${subgraph.url}/graphql`, AUTH_SECRET };
    const gateway = await start('dist/gateway.js', { ...where, OTEL_EXPORTER_OTLP_ENDPOINT: collector.url });
    const query = '{ chatDebugSnapshot(chatId: "cccccccc-0000-4000-8000-000000000001") { chatId } }';
    const answers = await Promise.all(Array.from({ length: 30 }, () => askGateway(gateway, query)));
    expect(new Set(answers.map(({ body }) => JSON.stringify(body)))).toEqual(
      new Set(['{"data":{"chatDebugSnapshot":null}}']),
    );
    await until('a process connects to the collector', () => collector.connections.length > 0);
    const [child] = running;
    child?.kill('SIGINT');
    expect(child && (await once(child, 'exit'))).toEqual([0, null]);
    expect(subgraph.received[0]?.headers.traceparent).toMatch(/^00-/);
  },
  SLOW_MS,
);

test(
  'without a collector nothing is traced, whatever the client sends',
  async () => {
    const subgraph = await servers.serve((response) => sendJson(response, 200, { data: { chatDebugSnapshot: null } }));
    const where = { PORT: '0', DATABASE_SUBGRAPH_URL: `${subgraph.url}/graphql`, AUTH_SECRET };
    const gateway = await start('dist/gateway.js', where);
    const { response } = await ask(gateway, 'cccccccc-0000-4000-8000-000000000001');
    expect(response.status).toBe(200);
    expect(Object.keys(subgraph.received[0]?.headers ?? {})).not.toContain('traceparent');
  },
  SLOW_MS,
);
