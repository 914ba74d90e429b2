import { describe, expect, test } from '@jest/globals';
import { withPseudonyms } from '../../../cli/debug/bundle.ts';
import { judge } from '../../../domain/bundle/judge.ts';
import { bundleOf, type Fields, healthy, throughFile } from './support/bundles.ts';

const UUID = /[0-9a-f]{8}-(?:[0-9a-f]{4}-){3}[0-9a-f]{12}/gi;
const CHAT = '1f0c0000-0000-4000-8000-00000000abcd';
const OWNER = '00000000-0000-4000-8000-000000000001'; // of the matrix
const OTHER = '7d9e0000-0000-4000-8000-00000000abcd';

/** A chat with an id, a name or an address in every place that may have one. */
function named() {
  const chat: Fields & { database: Fields; runtime: Fields } = healthy();
  const lockedBy = { processId: 4711, applicationName: 'worker of db7.example', state: 'active' };
  const { runners } = chat.runtime as { runners: { activeTask: Fields }[] };
  for (const { activeTask } of runners) Object.assign(activeTask, { label: 'a label', secondsSinceProgress: 90 });
  const reason = `Another replica answers at its address: ${OTHER.toUpperCase()}.`;
  return bundleOf(
    {
      ...{ ...chat, chatId: CHAT },
      database: {
        ...{ ...chat.database, ownerId: OTHER, parentChatId: OTHER },
        openCalls: [{ id: 'call_abc', toolName: 'ask' }],
        lostChildren: [{ chatId: OTHER, executionState: 'E0' }],
        trouble: { ...(chat.database.trouble as Fields), rowLocked: true, rowLockedSeconds: 20, lockedBy },
      },
      runtime: { ...chat.runtime, reachability: { status: 'OK', address: 'http://db7.example:1', reason } },
    },
    { replicas: [{ id: OWNER, hostname: 'db7.example', relayAddress: 'http://db7.example:1', regionId: 7 }] },
  );
}

describe('an anonymous bundle', () => {
  test('has no id, hostname, address or other name of the one that it was made of', () => {
    const before = JSON.stringify(named());
    const after = JSON.stringify(withPseudonyms(named())).toLowerCase();
    const ids = [...new Set((before.match(UUID) ?? []).map((id) => id.toLowerCase()))];
    expect(ids.length).toBeGreaterThan(4);
    for (const name of [...ids, 'call_abc', 'db7', '4711', 'a label']) {
      expect(before.toLowerCase()).toContain(name);
      expect(after).not.toContain(name);
    }
  });

  test('has one pseudonym for one id, wherever it stands', () => {
    const { snapshot, replicas, diagnosis } = withPseudonyms(named());
    expect(replicas?.[0]?.id).toBe(snapshot.database?.workerId);
    expect(snapshot.runtime?.workerId).toBe(snapshot.database?.workerId);
    expect(snapshot.runtime?.reachability?.reason).toContain(snapshot.database?.ownerId);
    expect(JSON.stringify(diagnosis)).toContain(snapshot.chatId);
    expect(snapshot.chatId).toMatch(/^[0-9a-f]{8}-[0-9a-f]{4}-8[0-9a-f]{3}-8[0-9a-f]{3}-[0-9a-f]{12}$/);
  });

  test('has other pseudonyms each time, unless a salt is given', () => {
    const chatOf = (salt?: string) => withPseudonyms(named(), salt).snapshot.chatId;
    expect(chatOf()).not.toBe(chatOf());
    expect(chatOf('a')).toBe(chatOf('a'));
    expect(chatOf('a')).not.toBe(chatOf('b'));
  });

  test('says that it is one, and has the same verdict and findings', () => {
    const gist = (bundle: ReturnType<typeof named>) => {
      const { verdict, findings } = judge(throughFile(bundle), 'owner');
      return { verdict, codes: findings.map(({ code }) => code) };
    };
    expect(named().anonymous).toBe(false);
    expect(withPseudonyms(named()).anonymous).toBe(true);
    expect(gist(withPseudonyms(named()))).toEqual(gist(named()));
    expect(gist(named()).codes).not.toEqual([]);
  });

  test('keeps what is no name: counts, times, states, roles', () => {
    const { snapshot, replicas, takenBy, thresholds } = withPseudonyms(named());
    const { snapshot: before } = named();
    expect(snapshot.database).toMatchObject({ status: 'running', snapshotVersion: before.database?.snapshotVersion });
    expect(replicas?.[0]).toMatchObject({ regionId: 7, hostname: null, relayAddress: null });
    expect(takenBy?.roles).toEqual(['chat-debug:read-all']);
    expect(thresholds).toEqual(named().thresholds);
  });
});
