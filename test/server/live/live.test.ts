/** A stream over HTTP whose caller is refused as soon as it is open. */
import { afterEach, expect, test } from '@jest/globals';
import { Registry } from 'prom-client';
import { systemClock as clock } from '../../../common/clock.ts';
import { makeApp, type RunningServer } from '../../../server/app.ts';
import { unauthenticated } from '../../../server/graphql/answer.ts';
import { makeLive } from '../../../server/live/live.ts';
import { makeLiveMetrics } from '../../../server/live/metrics.ts';
import { makeLogger } from '../../../server/log.ts';

const CALLER = { sub: 'a', roles: [] };
const WATCH = { text: '{ a }', variables: {}, field: 'a', chatId: undefined, isPerCaller: false, everyMs: 1_000 };

let server: RunningServer | undefined;
afterEach(() => server?.stop());

test('whoever is refused at once is told why, and leaves nothing behind', async () => {
  const log = makeLogger('gateway', 'silent');
  const registry = new Registry();
  const live = makeLive<undefined>({
    read: async () => WATCH,
    look: () => Promise.reject(new Error('Nobody may look')),
    callerOf: () => CALLER,
    identify: () => unauthenticated(), // the token ran out a moment ago
    limits: { perCaller: 1, max: 1, perMinute: 0 },
    metrics: makeLiveMetrics(registry, () => 'any'),
    clock,
    log,
  });
  const { app, listen } = makeApp({
    ...{ maxBodyBytes: 1_000, givesIds: false, clock, log, isNoted: () => true, observe: () => {} },
  });
  app.post('/graphql', async (request, reply) => {
    const opened = await live.openStream(request, reply, {} as never, undefined);
    if (opened !== 'opened') throw new Error(`It was not opened: ${JSON.stringify(opened)}`);
  });
  server = await listen({ host: '127.0.0.1', port: 0 }, async () => live.close());
  for (const time of ['first', 'second']) {
    const response = await fetch(`${server.url}/graphql`, {
      method: 'POST',
      headers: { 'content-type': 'application/json', accept: 'text/event-stream' },
      body: JSON.stringify({ query: 'subscription { a }' }),
    });
    expect([time, response.status]).toEqual([time, 200]);
    expect(await response.text()).toMatch(/"code":"UNAUTHENTICATED".*event: complete/s);
  }
  expect(await registry.metrics()).toMatch(/^chat_debug_stream_loops 0$/m);
});
