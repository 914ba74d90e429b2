/** A bundle as the owner of its chat may see it. */
import { describe, expect, test } from '@jest/globals';
import { forOwner } from '../../../domain/bundle/ofCaller.ts';
import { combinationSnapshot } from '../../../scripts/combinations.ts';
import { bundleOf, type Fields, saidOf, throughFile } from './support/bundles.ts';

const CHILD = '7d9e0000-0000-4000-8000-00000000abcd';
const CANDIDATE = '8d9e0000-0000-4000-8000-00000000abcd';

const chatIn = (state: 'A0' | 'R0'): Fields & { database: Fields } =>
  structuredClone(combinationSnapshot({ state, owner: 'unowned', lease: 'unowned', runners: 'none' })) as never;

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

  test('has no evidence of other replicas', () => {
    const alone = chatIn('R0');
    Object.assign(alone.database, { updatedAgeSeconds: 3_600 });
    const room = { isFull: false, roomSeconds: 600, reachability: { status: 'OK' } };
    const whole = throughFile(bundleOf({ ...alone, candidates: [{ ...room, workerId: CANDIDATE }] }));
    expect(JSON.stringify(whole.diagnosis)).toContain(CANDIDATE);
    expect(JSON.stringify(forOwner(whole))).not.toContain(CANDIDATE);
  });
});
