/** Processes of the system that ask the gateway themselves, by an internal token. */
import { readFileSync } from 'node:fs';
import { describe, expect, test } from '@jest/globals';
import { READ_ALL, RECORDER_CALLER, signInternalToken } from '../../server/tokens/internalToken.ts';
import { fleetPerFile } from './fleet.ts';
import { askGateway, callerToken, INTERNAL_SECRET } from './gateways.ts';

const { gateway } = fleetPerFile();

const operation = (path: string) => readFileSync(new URL(`../../${path}`, import.meta.url), 'utf8');
const SUSPECTS = operation('subgraphs/recorder/operations/suspects.graphql');
const CHATS = operation('subgraphs/recorder/operations/chats.graphql');
const GONE = operation('subgraphs/recorder/operations/gone.graphql');
const BUNDLE = operation('domain/bundle/bundle.graphql');
const internal = (audience = 'gateway', caller = RECORDER_CALLER) =>
  signInternalToken(INTERNAL_SECRET, audience, caller);

describe('a process of the system', () => {
  test('asks its checked-in operations, whatever the limit of requests and the list of allowed ones', async () => {
    const none = { bodyOf: () => undefined as never };
    const strict = await gateway({ rateLimitPerMinute: 1, allowedOperations: none });
    const token = await internal();
    for (const [query, variables] of [
      [SUSPECTS, { first: 10 }],
      [CHATS, { chats: ['cccccccc-0000-4000-8000-000000000001'] }],
      [GONE, { chats: ['cccccccc-0000-4000-8000-000000000001'] }],
      [BUNDLE, { chat: 'cccccccc-0000-4000-8000-000000000001' }],
    ] as const) {
      const { status, body } = await askGateway(strict, query, { token, variables });
      expect([status, body.errors]).toEqual([200, undefined]);
    }
  });

  test('asks nothing else, and no other route', async () => {
    const token = await internal();
    const other = await askGateway(await gateway(), '{ replicas { id } }', { token });
    expect([other.status, other.body.errors?.[0]?.extensions.code]).toEqual([403, 'FORBIDDEN']);
    const path = '/api/experimental/chats/cccccccc-0000-4000-8000-000000000001/debug/snapshot';
    const document = await fetch(`${(await gateway()).url}${path}`, { headers: { authorization: `Bearer ${token}` } });
    expect(document.status).toBe(401);
  });

  test('is held to the cost of a query as everybody is', async () => {
    const cheap = await gateway({ maxCost: 5 });
    const { status, body } = await askGateway(cheap, SUSPECTS, { token: await internal(), variables: { first: 100 } });
    expect([status, body.errors?.[0]?.extensions.code]).toEqual([400, 'QUERY_TOO_COMPLEX']);
  });

  test.each([
    ['a token for another process', () => internal('database')],
    ['a token over another secret', () => signInternalToken('x'.repeat(32), 'gateway', RECORDER_CALLER)],
  ])('is not let in by %s', async (_, token) => {
    const { status } = await askGateway(await gateway(), SUSPECTS, { token: await token(), variables: { first: 1 } });
    expect(status).toBe(401);
  });

  test("is not what a caller's token says that it is", async () => {
    const claims = { sub: RECORDER_CALLER.sub, roles: [READ_ALL], isProcess: true };
    const limited = await gateway({ rateLimitPerMinute: 1 });
    const token = await callerToken(claims);
    const ask = () => askGateway(limited, SUSPECTS, { token, variables: { first: 1 } });
    expect([(await ask()).status, (await ask()).status]).toEqual([200, 429]);
  });
});
