/** Findings that the history of a chat's owners makes exact, at their borders. */
import { describe, expect, test } from '@jest/globals';
import type { Owner } from '../../../domain/diagnosis/snapshot.ts';
import { suspectByRules } from '../../../domain/diagnosis/suspect.ts';
import { MATRIX_SETTINGS } from '../../../scripts/combinations.ts';
import { type Changes, codes, diagnosisOf, OTHER_REPLICA, snapshot } from './snapshots.ts';

const seen = (changes: Changes) => {
  const diagnosis = diagnosisOf(changes);
  return [diagnosis.verdict, ...codes(diagnosis)];
};
const first = (changes: Changes) => {
  const [finding] = diagnosisOf(changes).findings;
  return `${finding?.message} ${finding?.suggestion}`;
};
const LEASES = [1, 2].map((n) => ({ runnerId: `00000000-0000-4000-8000-00000000001${n}`, ageSeconds: n }));
const { workerId = null, runnerId = null } = snapshot().database ?? {};

/** Owners that each held the chat for 10 s; the newest one is the row's, and still holds it. */
const owners = (count: number, ended: Owner['ended'], more: Partial<Owner> = {}): Owner[] =>
  Array.from({ length: count }, (_, i) => ({
    ...{ ageSeconds: 10 * (i + 1), seconds: 10, stepsCommitted: 0, attempts: 1, ownerRow: 'ALIVE' as const },
    ...(i === 0
      ? { workerId, runnerId, ended: null }
      : { workerId: OTHER_REPLICA, runnerId: OTHER_REPLICA, ended, ...more }),
  }));
/** Same list with the owner at a place changed. */
const but = (list: readonly Owner[], place: number, more: Partial<Owner>): Owner[] =>
  list.map((owner, i) => (i === place ? { ...owner, ...more } : owner));

describe('owners that are lost at a step', () => {
  const begun = { generationAttempt: 5, retryStateVersion: 5, historyVersion: 5, updatedAgeSeconds: 10 };
  const at = (recentOwners: Owner[] | null, database: Changes['database'] = {}): Changes => ({
    ...{ recentOwners, database: { ...begun, ...database }, runner: { uptimeSeconds: 20 } },
  });

  test('are counted one by one, and it is told how long each held the chat', () => {
    expect(seen(at(owners(5, 'TAKEN_OVER')))).toEqual(['STUCK', 'CRITICAL OWNERS_LOST']);
    expect(first(at(owners(5, 'TAKEN_OVER')))).toContain(
      '5 attempts of this step were begun by 5 owners and none ended: its owners end at it, or lose it, after 10 s, 10 s, 10 s and 10 s.',
    );
    const three = at(but(owners(3, 'TAKEN_OVER'), 2, { seconds: 31 }), { generationAttempt: 3 });
    expect(seen(three)).toEqual(['WORKING', 'WARNING OWNERS_LOST']);
    expect(first(three)).toContain('after 31 s and 10 s');
    expect(seen(at(owners(2, 'TAKEN_OVER'), { generationAttempt: 2 }))).toEqual(['WORKING']);
  });

  test('show in the evidence, each with its replica and what became of that', () => {
    const [finding] = diagnosisOf(
      at(owners(3, 'TAKEN_OVER', { ownerRow: 'STALE' }), { generationAttempt: 3 }),
    ).findings;
    const shown = finding?.evidence.map(({ field, value }) => `${field} = ${value}`);
    expect(shown).toEqual(expect.arrayContaining(['recentOwners[2].ownerRow = STALE', 'recentOwners[1].seconds = 10']));
    expect(shown?.join()).not.toMatch(/heartbeats|recentOwners\[0\]/);
  });

  test('are not those before a committed step, or before the person’s last change', () => {
    const list = owners(5, 'TAKEN_OVER');
    expect(seen(at(but(list, 1, { stepsCommitted: 1 }), { generationAttempt: 2 }))).toEqual(['WORKING']);
    expect(seen(at(list, { generationAttempt: 2 }))).toEqual(['WORKING']);
    expect(seen(at(list, { generationAttempt: 3 }))).toEqual(['WORKING', 'WARNING OWNERS_LOST']);
    expect(seen(at(list, { generationAttempt: 5, retryStateVersion: 6 }))).toEqual(['WORKING']);
  });

  test('are one fewer for each that handed the chat over, or had begun nothing', () => {
    const list = owners(4, 'TAKEN_OVER');
    expect(seen(at(but(list, 2, { ended: 'HANDED_OVER' }), { generationAttempt: 4 }))).toEqual([
      ...['WORKING', 'WARNING OWNERS_LOST'],
    ]);
    expect(seen(at(but(but(list, 2, { ended: 'HANDED_OVER' }), 1, { attempts: 0 }), { generationAttempt: 3 }))).toEqual(
      ['WORKING'],
    );
  });

  test('are not one owner that was lost, and another that begins again and again', () => {
    const list = but(owners(2, 'TAKEN_OVER'), 0, { attempts: 5 });
    expect(seen(at(list, { generationAttempt: 6, heartbeats: LEASES }))).toEqual(['STUCK', 'CRITICAL SPINNING']);
    expect(
      seen(
        at(
          list.map((one) => ({ ...one, attempts: 3 })),
          { generationAttempt: 6, heartbeats: LEASES },
        ),
      ),
    ).toEqual(['WORKING']);
    const both = but(owners(3, 'TAKEN_OVER'), 0, { attempts: 5 });
    expect(seen(at(both, { generationAttempt: 7 }))).toEqual(['STUCK', 'CRITICAL SPINNING', 'WARNING OWNERS_LOST']);
  });

  test('are at least as many as are told of, where more attempts were made', () => {
    const limits = { ...MATRIX_SETTINGS, ownersLostCritical: 8 };
    const many = (generationAttempt: number) => at(owners(5, 'TAKEN_OVER'), { generationAttempt });
    expect(codes(diagnosisOf(many(8), limits))).toEqual(['CRITICAL OWNERS_LOST']);
    expect(codes(diagnosisOf(many(7), limits))).toEqual(['WARNING OWNERS_LOST']);
    expect(first(many(8))).toContain('begun by at least 5 owners');
  });

  test.each([
    ['is not kept', null],
    ['is empty', []],
    ['does not know the row’s owner', but(owners(5, 'HANDED_OVER'), 0, { runnerId: OTHER_REPLICA })],
    ['says that nobody has it', owners(5, 'HANDED_OVER').slice(1)],
  ])('go by leases and attempts where the history %s', (_how, recentOwners) => {
    const changes = at(recentOwners, { heartbeats: LEASES });
    expect(seen(changes)).toEqual(['STUCK', 'CRITICAL OWNERS_LOST']);
    expect(first(changes)).toContain('begun by several runners and none ended: its owners end at it, or lose it.');
    expect(diagnosisOf(changes)).toEqual(diagnosisOf({ ...changes, recentOwners: null }));
    expect(seen(at(recentOwners))).toEqual(['STUCK', 'CRITICAL SPINNING']);
  });
});

describe('a chat that live owners pass around', () => {
  const version = { snapshotVersion: 13, historyVersion: 5, updatedAgeSeconds: 10 };
  const passed = (recentOwners: Owner[], { database, ...more }: Changes = {}): Changes => ({
    ...{
      recentOwners,
      database: { ...version, ...database },
      runner: { snapshotVersion: 13, uptimeSeconds: 10 },
      ...more,
    },
  });

  test('is stuck: who held it, for how long, and an end of the turn as the way out', () => {
    const changes = passed(owners(5, 'HANDED_OVER'));
    expect(seen(changes)).toEqual(['STUCK', 'CRITICAL THRASHING']);
    expect(first(changes)).toMatch(
      /Its owner changed 4 times in the last 40 s without a committed step, and no owner died: they gave it up after 10 s, 10 s, 10 s and 10 s\./,
    );
    expect(first(changes)).toMatch(
      /Interrupt the turn, and give it to no other owner.*`npm run chat-debug -- fix [^ ]+ --action interrupt`/,
    );
    expect(first(changes)).not.toContain('--action release');
    expect(suspectByRules(snapshot(changes), MATRIX_SETTINGS)).toBe(true);
  });

  test.each([
    ['TAKEN_OVER', 'others took it from them', '--action interrupt'],
    ['RELEASED', 'somebody took it from them', 'Leave it to its owner'],
  ] as const)('tells how it left them: %s', (ended, says, advice) => {
    const changes = passed(owners(5, ended, { attempts: 0 }));
    expect(seen(changes)).toEqual(['STUCK', 'CRITICAL THRASHING']);
    expect(first(changes)).toContain(says);
    expect(first(changes)).toContain(advice);
  });

  test('may have no owner at this moment: that follows from it', () => {
    const list = owners(6, 'HANDED_OVER').slice(1);
    const changes: Changes = { ...passed(list), owner: 'unowned', database: { ...version, updatedAgeSeconds: 60 } };
    expect(seen(changes)).toEqual(['STUCK', 'CRITICAL THRASHING', 'WARNING NO_OWNER']);
  });

  test('may be about to be interrupted: then its replicas are to be looked at', () => {
    const changes = passed(owners(5, 'HANDED_OVER'), { state: 'I0' });
    expect(seen(changes)).toEqual(['STUCK', 'CRITICAL THRASHING']);
    expect(first(changes)).toContain('npm run chat-debug -- replicas');
  });

  test('was lost at a step if its owners had begun it: that is another finding', () => {
    const database = { generationAttempt: 5, retryStateVersion: 0 };
    expect(seen(passed(owners(5, 'TAKEN_OVER'), { database }))).toEqual(['STUCK', 'CRITICAL OWNERS_LOST']);
  });

  test('is left alone by an owner that keeps its lease', () => {
    const changes = passed(owners(5, 'HANDED_OVER'), { database: { updatedAgeSeconds: 60 } });
    expect(seen(changes)).toEqual(['WORKING', 'WARNING THRASHING']);
    expect(first(changes)).toMatch(/its present owner has held it for 60 s.*Wait/);
  });

  test.each([
    ['one of them stopped, as in a rolling upgrade', but(owners(5, 'HANDED_OVER'), 2, { ownerRow: 'STOPPED' })],
    ['all of them stopped', owners(5, 'HANDED_OVER', { ownerRow: 'STOPPED' })],
    ['one of them died', but(owners(5, 'HANDED_OVER'), 4, { ownerRow: 'STALE' })],
    ['one has no row any more', but(owners(5, 'HANDED_OVER'), 4, { ownerRow: 'MISSING' })],
    ['rows of replicas cannot be read', owners(5, 'HANDED_OVER', { ownerRow: null })],
    ['one of them committed a step', but(owners(5, 'HANDED_OVER'), 3, { stepsCommitted: 1 })],
    ['its owner has committed a step', but(owners(5, 'HANDED_OVER'), 0, { stepsCommitted: 1 })],
    ['one of them finished', but(owners(5, 'HANDED_OVER'), 1, { ended: 'FINISHED' })],
    ['it was longer ago', but(owners(5, 'HANDED_OVER'), 4, { ageSeconds: 611 })],
    ['it was only three times', owners(4, 'HANDED_OVER')],
  ])('is not one where %s', (_why, list) => {
    expect(seen(passed(list))).toEqual(['WORKING']);
  });

  test('has not changed its history meanwhile, and is worked on', () => {
    const list = owners(5, 'HANDED_OVER');
    expect(seen(passed(list, { database: { historyVersion: 9 } }))).toEqual(['STUCK', 'CRITICAL THRASHING']);
    expect(seen(passed(list, { database: { historyVersion: 10 } }))).toEqual(['WORKING']);
    expect(seen(passed(list, { state: 'A0' }))).toEqual(['WAITING', 'INFO ACTION_PENDING']);
    expect(seen(passed(but(list, 4, { ageSeconds: 610 })))).toEqual(['STUCK', 'CRITICAL THRASHING']);
  });
});

test('a history of owners that took too long to read is named', () => {
  const database = { unreadable: ['recentOwners'] };
  expect(seen({ database })).toEqual(['WORKING', 'WARNING VALUE_UNREADABLE']);
  expect(diagnosisOf({ database }).findings[0]?.evidence.map(({ field }) => field)).toContain('recentOwners');
  expect(seen({ state: 'A0', database })).toEqual(['WAITING', 'INFO ACTION_PENDING']);
});
