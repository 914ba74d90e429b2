/** Log lines for what a subgraph keeps from its client. */
import { Readable } from 'node:stream';
import { afterAll, beforeAll, expect, test } from '@jest/globals';
import { pino } from 'pino';
import type { RunningServer } from '../../server/app.ts';
import { askBothRoutes } from '../support/bothRoutes.ts';
import { until } from '../support/until.ts';
import { serveOdd } from './oddSubgraph.ts';

interface Line {
  readonly msg: string;
  readonly requestId?: string;
  /** HTTP status, in the line about the request as a whole. */
  readonly status?: number;
  readonly path?: unknown;
  readonly err?: { readonly message: string; readonly stack: string };
}

/** Fate of a replica's start, and whether a request is given a context. */
interface Case {
  readonly startedAt: () => unknown;
  readonly hasContext?: boolean;
  readonly notReady?: () => undefined;
}

// biome-ignore lint/correctness/useYield: it never comes to that
async function* broken(): AsyncGenerator<string> {
  throw new Error('it broke');
}

const held: { server?: RunningServer; now: Case } = { now: { startedAt: () => null } };
const lines: Line[] = [];

beforeAll(async () => {
  held.server = await serveOdd(() => held.now.startedAt(), {
    context: async (_who, requestId) => {
      if (held.now.hasContext === false) throw new Error('no context');
      return { requestId };
    },
    notReady: () => held.now.notReady?.(),
    routes: (app) =>
      app.get('/broken', async (_request, reply) =>
        reply.header('content-type', 'text/event-stream').send(Readable.from(broken())),
      ),
    log: pino({}, { write: (line: string) => void lines.push(JSON.parse(line)) }),
  });
});
afterAll(() => held.server?.stop());

/** The lines about two requests, one a route, and the ids of the requests. */
async function linesAbout(now: Case): Promise<{ failures: Line[]; ids: unknown[] }> {
  lines.length = 0;
  held.now = now;
  const query =
    '{ _entities(representations: [{ __typename: "ReplicaRuntime" }]) { ... on ReplicaRuntime { startedAt } } }';
  const answer = await askBothRoutes(held.server?.url ?? '', 'any', { query });
  expect(answer).toContain('Something went wrong in the service. Its log says what.');
  const noted = () => lines.filter(({ status }) => status !== undefined);
  await until('both answers are in the log', () => noted().length === 2);
  const failures = lines.filter(({ status }) => status === undefined);
  return { failures, ids: noted().map(({ requestId }) => requestId) };
}

test('a field that failed: where, and with which error', async () => {
  const { failures, ids } = await linesAbout({ startedAt: () => Promise.reject(new Error('it broke')) });
  expect(failures.map(({ requestId, path }) => ({ requestId, path }))).toEqual(
    ids.map((requestId) => ({ requestId, path: ['_entities', 0, 'startedAt'] })),
  );
  for (const { err } of failures)
    expect(err).toMatchObject({ message: 'it broke', stack: expect.stringContaining(' at ') });
});

test('an answer that cannot be written as JSON', async () => {
  const { failures } = await linesAbout({ startedAt: () => 1n });
  const why = expect.stringContaining('BigInt');
  expect(failures.map(({ err }) => err?.message)).toEqual([why, why]);
});

test('a request that was let in and got no context', async () => {
  const { failures, ids } = await linesAbout({ startedAt: () => 'never asked', hasContext: false });
  expect(failures.map(({ err }) => err?.message)).toEqual(['no context', 'no context']);
  expect(failures.map(({ requestId }) => requestId)).toEqual(ids);
});

test('a route for whom there is no GraphQL: nothing of the inside is told', async () => {
  lines.length = 0;
  held.now = {
    ...held.now,
    notReady: () => {
      throw new Error('it broke at 10.0.0.1');
    },
  };
  const answer = await fetch(`${held.server?.url}/readyz`);
  const message = 'Something went wrong in the service. Its log says what.';
  const errors = [{ message, extensions: { code: 'INTERNAL_SERVER_ERROR' } }];
  expect([answer.status, await answer.json()]).toEqual([500, { errors }]);
  expect(lines).toMatchObject([{ route: '/readyz', err: { message: 'it broke at 10.0.0.1' } }]);
});

test('a stream that breaks before it begins', async () => {
  lines.length = 0;
  const answer = await fetch(`${held.server?.url}/broken`);
  expect([answer.status, answer.headers.get('content-type')]).toEqual([500, 'application/json; charset=utf-8']);
  expect(await answer.text()).toContain('Something went wrong in the service. Its log says what.');
  expect(lines).toMatchObject([{ route: '/broken', err: { message: 'it broke' } }]);
});
