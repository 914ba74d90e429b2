import { describe, expect, test } from '@jest/globals';
import { expectedOf, OLDER_RELEASE, type Release } from './cases/expected.ts';
import { LEAKED, QUEUED, TAKEN } from './cases/full.ts';
import { type Ids, idOf, insertCases } from './chats.ts';
import { firing, suspectsOf } from './support/alerts.ts';
import { deploymentPerFile } from './support/deployment.ts';
import { judge, truthOf } from './support/judged.ts';
import { insertChat } from './support/rows.ts';

const RELEASES: readonly (readonly [Release, Readonly<Record<string, string>>])[] = [
  ['newest', {}],
  ['older', { CODER_RELEASE: OLDER_RELEASE }],
];

describe.each(RELEASES)('a deployment of the %s release that has been full for ten minutes', (release, settings) => {
  const ids: Ids = new Map();
  const full = [...TAKEN, ...QUEUED];
  const deployment = deploymentPerFile({ settings, fill: (pool) => insertCases(pool, ids, { cases: full }) });

  test('has chats that work and chats that wait for a slot, and nothing critical', async () => {
    expect(await judge(deployment, full, ids)).toEqual(truthOf(full, release));
  });

  test('says how many of how many slots are taken', async () => {
    const said = await deployment.field.diagnose(idOf(ids, 'root chat that waits for ten minutes'));
    const ofSubagent = await deployment.field.diagnose(idOf(ids, 'subagent that waits for ten minutes'));
    expect(said.findings[0]?.message).toMatch(/\b5 of 5\b/);
    expect(ofSubagent.findings[0]?.message).toMatch(/\b10 of 10\b/);
  });

  test('fires no alert, until a dead owner leaks a slot, and then names that', async () => {
    const calm = await suspectsOf(deployment, (series) => series.length > 0);
    const suspects = full.filter((one) => expectedOf(one, release).isSuspect).length;
    expect(calm).toEqual([{ labels: { reason: 'CAPACITY_WAIT', severity: 'WARNING' }, value: suspects }]);
    expect(firing(calm)).toEqual([]);

    ids.set(LEAKED.name, await insertChat(deployment.pool, LEAKED.chat));
    const troubled = await suspectsOf(deployment, (series) =>
      series.some(({ labels }) => labels.severity === 'CRITICAL'),
    );
    expect(firing(troubled)).toEqual(['OWNER_STOPPED']);
    const all = [...full, LEAKED];
    expect(await judge(deployment, all, ids)).toEqual(truthOf(all, release));
  });
});

describe('a chat whose owner died in a deployment that is full', () => {
  const ids: Ids = new Map();
  const deployment = deploymentPerFile({ fill: (pool) => insertCases(pool, ids, { cases: [...TAKEN, LEAKED] }) });

  test('is said to wait for a slot', async () => {
    const { findings } = await deployment.field.diagnose(idOf(ids, LEAKED.name));
    expect(findings[0]).toMatchObject({ code: 'OWNER_STOPPED', suggestion: expect.stringMatching(/slot/) });
  });
});

describe('a deployment of which one pool is full', () => {
  const ids: Ids = new Map();
  const cases = [
    ...TAKEN.filter(({ chat }) => !chat.isSubagent),
    ...QUEUED.filter(({ name }) => name === 'root chat that waits for ten minutes'),
    {
      name: 'subagent that nobody takes',
      chat: { age: 600, isSubagent: true },
      newest: { state: 'R0', verdict: 'STUCK', found: { NO_OWNER: 'CRITICAL' }, isSuspect: true },
    },
  ] as const;
  const deployment = deploymentPerFile({ fill: (pool) => insertCases(pool, ids, { cases }) });

  test('excuses no chat of the other', async () => {
    expect(await judge(deployment, cases, ids)).toEqual(truthOf(cases, 'newest'));
  });
});

describe('a deployment that is licensed for more', () => {
  const ids: Ids = new Map();
  const cases = [
    ...TAKEN,
    {
      name: 'root chat that nobody takes',
      chat: { age: 600 },
      newest: { state: 'R0', verdict: 'STUCK', found: { NO_OWNER: 'CRITICAL' }, isSuspect: true },
    },
  ] as const;
  const deployment = deploymentPerFile({
    settings: { CAPACITY_ROOT: '6' },
    fill: (pool) => insertCases(pool, ids, { cases }),
  });

  test('has room where five are at work', async () => {
    expect(await judge(deployment, cases, ids)).toEqual(truthOf(cases, 'newest'));
  });
});

describe('slots whose leases have run out', () => {
  const ids: Ids = new Map();
  const cases = [
    ...TAKEN.slice(0, 4),
    {
      name: 'root chat whose lease ran out',
      chat: { age: 600, worker: 'first', lease: 40 },
      newest: { state: 'R0', verdict: 'STUCK', found: { HEARTBEAT_STALE: 'CRITICAL' }, isSuspect: true },
    },
    {
      name: 'root chat that nobody takes',
      chat: { age: 600 },
      newest: { state: 'R0', verdict: 'STUCK', found: { NO_OWNER: 'CRITICAL' }, isSuspect: true },
    },
  ] as const;
  const deployment = deploymentPerFile({ fill: (pool) => insertCases(pool, ids, { cases }) });

  test('are free', async () => {
    expect(await judge(deployment, cases, ids)).toEqual(truthOf(cases, 'newest'));
  });
});
