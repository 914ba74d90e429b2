import { describe, expect, test } from '@jest/globals';
import { RULES } from '../../../domain/diagnosis/rules.ts';
import { isRunnable } from '../../../domain/executionState.ts';
import { CIRCUMSTANCES } from '../../../scripts/circumstances.ts';
import { circumstanceOf, combinations, diagnosisOf } from '../../../scripts/combinations.ts';
import { contradictions } from './contradictions.ts';

describe('every combination of state, owner, lease and runners', () => {
  const all = combinations();

  test('is in the matrix: 13 states × (unowned, or 9 outcomes × 3 leases, 4 of the runners where the owner answers)', () => {
    expect(all.length).toBe(13 * (1 + 8 * 3 + 3 * 4));
    expect(new Set(all.map((combination) => JSON.stringify(combination))).size).toBe(all.length);
  });

  test('has a verdict and findings that do not contradict each other', () => {
    const bad = all.flatMap((combination) => {
      const problems = contradictions(combination.state, diagnosisOf(combination));
      return problems.length > 0 ? [{ combination, problems }] : [];
    });
    expect(bad).toEqual([]);
  });

  test('UNKNOWN is said of runnable chats alone whose owner could not be asked', () => {
    const unknown = all.filter((combination) => diagnosisOf(combination).verdict === 'UNKNOWN');
    expect(unknown.length).toBeGreaterThan(0);
    expect(unknown.filter(({ state, owner }) => !isRunnable(state) || owner === 'OK')).toEqual([]);
  });

  test('one who works with one runner, a fresh lease and an owner who answers has no finding to warn of', () => {
    const healthy = all.filter(
      ({ state, owner, lease, runners }) =>
        isRunnable(state) && owner === 'OK' && lease === 'fresh' && runners === 'one',
    );
    expect(healthy.length).toBe(6);
    expect(healthy.flatMap((one) => diagnosisOf(one).findings).filter(({ severity }) => severity !== 'INFO')).toEqual(
      [],
    );
  });
});

describe('every finding', () => {
  const diagnoses = [
    ...combinations().map((combination) => ({ state: combination.state, diagnosis: diagnosisOf(combination) })),
    ...CIRCUMSTANCES.map((one) => ({ state: one.state, diagnosis: circumstanceOf(one) })),
  ];

  test('is in a row of the page', () => {
    const seen = new Set<string>(diagnoses.flatMap(({ diagnosis }) => diagnosis.findings.map(({ code }) => code)));
    const elsewhere = 'RUNNER_ELSEWHERE'; // needs an answer of every replica, which no row of the page has
    expect(RULES.map(({ code }) => code).filter((code) => !seen.has(code))).toEqual([elsewhere]);
  });

  test('is beside none that contradicts it', () => {
    expect(diagnoses.flatMap(({ state, diagnosis }) => contradictions(state, diagnosis))).toEqual([]);
  });
});
