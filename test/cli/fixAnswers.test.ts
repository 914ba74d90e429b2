/** What the terminal says of an action that the gateway did not answer. */
import { randomUUID } from 'node:crypto';
import { expect, test } from '@jest/globals';
import { asking } from '../../cli/debug/ask.ts';
import { drain } from '../../cli/debug/fix.ts';
import { type Clock, systemClock } from '../../common/clock.ts';
import { sendJson, serversPerTest } from '../gateway/httpServers.ts';
import { askStub } from './support/stubGateway.ts';

const servers = serversPerTest();

test('a request that was refused as a whole says why, and that it was not done', async () => {
  const refused = { message: 'Too many actions. Ask again in 20 s.', extensions: { code: 'RATE_LIMITED' } };
  const ask = await askStub(servers, {
    '': { errors: [refused] }, // of a mutation
    TerminalRecord: { data: { actionRecord: null } },
  });
  const asked = drain(ask, 'DRAIN_REPLICA', randomUUID(), { reason: 'it is slow' }, systemClock);
  await expect(asked).rejects.toThrow(
    'Too many actions. Ask again in 20 s. (RATE_LIMITED) There is no record of it: it was not done.',
  );
});

const RECORD = {
  ...{ id: randomUUID(), at: '2026-01-01T00:00:00.000Z', outcome: 'DONE', why: null, dryRun: false },
  ...{ action: 'DRAIN_REPLICA', actor: 'me', via: 'TERMINAL', reason: 'it is slow', chatId: null },
  ...{ replicaId: randomUUID(), before: null, after: null, resolved: 'UNKNOWN' },
};

/** A gateway that breaks off at the mutation, and has its record only at the `nth` look. */
async function breaksOff(nth: number) {
  let looks = 0;
  const { url } = await servers.serve((response, { body }) => {
    if (body.query.includes('mutation')) return void response.destroy();
    looks += 1;
    sendJson(response, 200, { data: { actionRecord: looks < nth ? null : RECORD } });
  });
  let nowMs = 0;
  const clock: Clock = {
    ...systemClock,
    monotonicMs: () => nowMs,
    sleep: async (ms) => {
      nowMs += ms;
    },
  };
  return drain(asking({ url, token: 'any' }), 'DRAIN_REPLICA', randomUUID(), { reason: 'it is slow' }, clock);
}

test('an action that was still under way when the connection broke is not said to be undone', async () => {
  expect((await breaksOff(3)).json).toMatchObject({ actionRecord: { outcome: 'DONE' } });
});

test('without a record it says that it was most likely not done, and how to look later', async () => {
  await expect(breaksOff(Number.POSITIVE_INFINITY)).rejects.toThrow(
    /no record of it after 10 s, so it was most likely not done\. If one comes yet, .* tells it; the key/,
  );
});
