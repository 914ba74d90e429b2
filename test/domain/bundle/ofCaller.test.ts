/** A bundle as the owner of its chat may see it. */
import { describe, expect, test } from '@jest/globals';
import { judge } from '../../../domain/bundle/judge.ts';
import { forOwner } from '../../../domain/bundle/ofCaller.ts';
import { DEFAULT_THRESHOLDS } from '../../../domain/thresholds.ts';
import { combinationSnapshot } from '../../../scripts/combinations.ts';
import { bundleOf, type Fields, saidOf, throughFile } from './support/bundles.ts';

const CHILD = '7d9e0000-0000-4000-8000-00000000abcd';
const CANDIDATE = '8d9e0000-0000-4000-8000-00000000abcd';

const chatIn = (state: 'A0' | 'R0'): Fields & { database: Fields } =>
  structuredClone(combinationSnapshot({ state, owner: 'unowned', lease: 'unowned', runners: 'none' })) as never;
const slowOwner = (): Fields & { database: Fields & { heartbeat: Fields; trouble: Fields } } =>
  structuredClone(
    combinationSnapshot({ state: 'R0', owner: 'TIMED_OUT', lease: 'fresh', runners: 'not asked' }),
  ) as never;

describe('the owner’s view of a bundle', () => {
  test('has no child that may be another person’s, neither in the readings nor in the diagnosis', () => {
    const lost = chatIn('A0');
    lost.database.lostChildren = [{ chatId: CHILD, executionState: 'E0' }];
    const said = { ...saidOf(lost), secondReading: lost };
    const whole = throughFile(bundleOf({ ...lost, diagnosis: said }));
    expect(JSON.stringify(whole.diagnosis)).toContain(CHILD);
    expect(whole.answered?.owner?.second?.database?.lostChildren).toHaveLength(1);
    const cut = forOwner(whole);
    expect(JSON.stringify(cut)).not.toMatch(new RegExp(`${CHILD}|CHILD_LOST`));
    expect(cut.diagnosis?.verdict).toBe(whole.diagnosis?.verdict);
  });

  test('says the same when it is judged again, also by thresholds that are not the defaults', () => {
    for (const [ageSeconds, staleAfterSeconds] of [
      [100, 300],
      [20, 15],
    ] as const) {
      const chat = slowOwner();
      chat.database.heartbeat.ageSeconds = ageSeconds;
      chat.database.trouble.thresholds = { ...DEFAULT_THRESHOLDS, staleAfterSeconds };
      const cut = forOwner(throughFile(bundleOf(chat)));
      expect(judge(throughFile(cut), 'owner')).toEqual(cut.diagnosis);
    }
  });

  test('has no evidence of other replicas', () => {
    const alone = chatIn('R0');
    Object.assign(alone.database, { updatedAgeSeconds: 3_600 });
    const room = { isFull: false, roomSeconds: 600, reachability: { status: 'OK' } };
    const whole = throughFile(bundleOf({ ...alone, candidates: [{ ...room, workerId: CANDIDATE }] }));
    expect(JSON.stringify(whole.diagnosis)).toContain(CANDIDATE);
    expect(JSON.stringify(forOwner(whole))).not.toContain(CANDIDATE);
  });
});
