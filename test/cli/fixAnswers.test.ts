/** What the terminal says of an action that the gateway did not answer. */
import { randomUUID } from 'node:crypto';
import { expect, test } from '@jest/globals';
import { drain } from '../../cli/debug/fix.ts';
import { serversPerTest } from '../gateway/httpServers.ts';
import { askStub } from './support/stubGateway.ts';

const servers = serversPerTest();

test('a request that was refused as a whole says why, and that it was not done', async () => {
  const refused = { message: 'Too many actions. Ask again in 20 s.', extensions: { code: 'RATE_LIMITED' } };
  const ask = await askStub(servers, {
    '': { errors: [refused] }, // of a mutation
    TerminalRecord: { data: { actionRecord: null } },
  });
  const asked = drain(ask, 'DRAIN_REPLICA', randomUUID(), { reason: 'it is slow' });
  await expect(asked).rejects.toThrow(
    'Too many actions. Ask again in 20 s. (RATE_LIMITED) There is no record of it: it was not done.',
  );
});
