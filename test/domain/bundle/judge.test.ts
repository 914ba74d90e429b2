/** A bundle says what the gateway said. */
import { describe, expect, test } from '@jest/globals';
import { assemble } from '../../../domain/bundle/assemble.ts';
import { judge } from '../../../domain/bundle/judge.ts';
import { diagnose, shouldReadAgain } from '../../../domain/diagnosis/diagnose.ts';
import { readSnapshot } from '../../../domain/diagnosis/snapshot.ts';
import { CIRCUMSTANCES } from '../../../scripts/circumstances.ts';
import {
  circumstanceSnapshot,
  combinationSnapshot,
  combinations,
  MATRIX_SETTINGS,
} from '../../../scripts/combinations.ts';
import { bundleOf, healthy, type saidOf, TAKING, throughFile } from './support/bundles.ts';

const SITUATIONS = [
  ...combinations().map((one) => ({ what: Object.values(one).join(' '), snapshot: combinationSnapshot(one) })),
  ...CIRCUMSTANCES.map((one) => ({ what: one.what, snapshot: circumstanceSnapshot(one) })),
];
/** Values of evidence and clauses aside: those name words that a bundle leaves out. */
const gist = ({ verdict, consistency, findings }: ReturnType<typeof saidOf>) => ({
  ...{ verdict, consistency },
  findings: findings.map(({ code, severity, suggestion, evidence }) => ({
    ...{ code, severity, suggestion },
    evidence: evidence.map(({ source, field }) => ({ source, field })),
  })),
});

describe('every situation of the matrix', () => {
  test('there are hundreds', () => expect(SITUATIONS.length).toBeGreaterThan(500));

  test('has the same verdict, findings and advice in a bundle, also once it was written and read', () => {
    const said = SITUATIONS.map(({ what, snapshot }) => [what, readAgain(snapshot).gist]);
    const offline = SITUATIONS.map(({ what, snapshot }) => {
      const bundle = assemble({ chatDebugSnapshot: { ...snapshot, diagnosis: readAgain(snapshot).said } }, TAKING);
      return [what, gist(judge(throughFile(bundle), 'owner'))];
    });
    expect(offline).toEqual(said);
  });
});

/** Diagnosis by a gateway that reads a chat again before it calls it stuck, and finds the same. */
function readAgain(snapshot: ReturnType<typeof readSnapshot>) {
  const once = diagnose(snapshot, MATRIX_SETTINGS);
  if (!shouldReadAgain(once)) return { said: once, gist: gist(once) };
  const twice = diagnose(snapshot, MATRIX_SETTINGS, { first: snapshot });
  return { said: { ...twice, secondReading: snapshot }, gist: gist(twice) };
}

describe('a chat that looks stuck, with halves of different moments', () => {
  const behind = () => {
    const chat = healthy();
    return { ...chat, database: { ...chat.database, workerId: null, runnerId: null }, runtime: null };
  };

  test.each([
    ['says so too', 'STUCK', behind],
    ['finds it well', 'WORKING', healthy],
  ])('is judged by the second reading, which %s: %s', (_, verdict, make) => {
    const [first, secondReading] = [readSnapshot(behind()), readSnapshot(make())];
    const said = diagnose(secondReading, MATRIX_SETTINGS, { first });
    const bundle = assemble({ chatDebugSnapshot: { ...behind(), diagnosis: { ...said, secondReading } } }, TAKING);
    expect(said.verdict).toBe(verdict);
    expect(judge(throughFile(bundle), 'owner')).toEqual(said);
  });

  test.each(['that failed', 'that cannot be done here'])('is not known if there was none, since %s', (notRepeated) => {
    const said = diagnose(readSnapshot(behind()), MATRIX_SETTINGS, { notRepeated });
    const bundle = assemble({ chatDebugSnapshot: { ...behind(), diagnosis: said } }, TAKING);
    expect(said.verdict).toBe('UNKNOWN');
    expect(judge(throughFile(bundle), 'owner')).toEqual(said);
  });

  test('is not called stuck if the gateway made no diagnosis', () => {
    const bundle = assemble({ chatDebugSnapshot: behind() }, TAKING);
    expect(bundle.diagnosis).toMatchObject({ verdict: 'UNKNOWN' });
  });
});

describe('the memory of every replica', () => {
  const elsewhere = () => {
    const chat = healthy();
    const { runners } = chat.runtime as { runners: object[] };
    const other = { ...chat.runtime, workerId: 'other', localWorkerId: 'other', runners };
    return { ...chat, everywhere: [chat.runtime, other] };
  };

  test('finds a runner elsewhere, which the owner’s alone does not', () => {
    const bundle = throughFile(bundleOf(elsewhere()));
    expect(judge(bundle, 'owner').verdict).toBe('WORKING');
    expect(judge(bundle, 'everywhere').findings.map(({ code }) => code)).toContain('RUNNER_ELSEWHERE');
    expect(bundle.diagnosisEverywhere).toEqual(judge(bundle, 'everywhere'));
  });

  test('is judged as the gateway judges it, with paths below `everywhere`', () => {
    const { runtime: _, ...asked } = elsewhere();
    const said = diagnose(readSnapshot(asked), MATRIX_SETTINGS, { everywhere: true });
    expect(judge(throughFile(bundleOf(elsewhere())), 'everywhere')).toEqual(said);
  });
});

test('thresholds come with the bundle: those of the row, and the defaults for the others', () => {
  const chat = healthy();
  const silent = { ...chat, runtime: { ...chat.runtime } };
  const { runners } = structuredClone(chat.runtime) as { runners: { activeTask: object }[] };
  for (const runner of runners) Object.assign(runner.activeTask, { secondsSinceProgress: 40 });
  silent.runtime.runners = runners;
  const trouble = { ...(chat.database.trouble as object), thresholds: { noProgressSeconds: 30 } };
  expect(bundleOf(silent).diagnosis?.verdict).toBe('WORKING');
  const strict = throughFile(bundleOf({ ...silent, database: { ...chat.database, trouble } }));
  expect(strict.thresholds).toMatchObject({ noProgressSeconds: 30, staleAfterSeconds: 30 });
  expect(judge(strict, 'owner').verdict).toBe('STUCK');
});
