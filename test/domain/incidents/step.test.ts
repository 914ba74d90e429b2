/** Steps of an incident: what opens, changes, closes and reopens it. */
import { describe, expect, test } from '@jest/globals';
import fc from 'fast-check';
import { VERDICTS } from '../../../domain/diagnosis/diagnosis.ts';
import type { FindingCode } from '../../../domain/diagnosis/rules.ts';
import type { Reading } from '../../../domain/incidents/reading.ts';
import { type BundlesSoFar, bundleReasonOf, type Incident, type Step, stepOf } from '../../../domain/incidents/step.ts';

const found = (...codes: FindingCode[]) =>
  codes.map((code, i) => ({ code, severity: i === 0 ? ('CRITICAL' as const) : ('WARNING' as const) }));

const reading = (changes: Partial<Reading> = {}): Reading => ({
  ...{ chatId: 'chat', ownerId: 'person', workerId: 'replica 1', executionState: 'R0', isArchived: false },
  ...{
    isRetryable: null,
    isRefusedByVersion: false,
    verdict: 'STUCK',
    summary: 'Stuck: nobody works on it.',
    unknownSeconds: 0,
  },
  ...{ findings: found('RUNNER_MISSING', 'HEARTBEAT_STALE'), staleAfterSeconds: 30 },
  ...changes,
});
const well = reading({ verdict: 'WORKING', summary: 'Working.', findings: [] });

const incident = (changes: Partial<Incident> = {}): Incident => ({
  ...{ code: 'RUNNER_MISSING', severity: 'CRITICAL', verdict: 'STUCK', summary: 'Stuck: nobody works on it.' },
  ...{ codes: ['RUNNER_MISSING'], workerIds: ['replica 1'], wellReadings: 0, secondsClosed: null },
  ...changes,
});

/** An incident whose bundles so far are all there. */
const BUNDLED: BundlesSoFar = { isBundled: true, bundleOwed: null };

const opens = (changes: Partial<Reading>) => stepOf(undefined, reading(changes)).kind === 'open';

describe('an incident opens', () => {
  test('when a chat is stuck, with the root cause, and keeps the bundle', () => {
    const step = stepOf(undefined, reading());
    expect(step).toEqual({
      kind: 'open',
      noted: {
        ...{ code: 'RUNNER_MISSING', severity: 'CRITICAL', verdict: 'STUCK', summary: 'Stuck: nobody works on it.' },
        ...{ codes: ['RUNNER_MISSING'], workerIds: ['replica 1'] },
      },
    });
    expect(bundleReasonOf(step, BUNDLED)).toBe('OPENED');
  });

  test('when a turn failed and messages wait behind it, or the same would fail again, and for no other failure', () => {
    const failed = { verdict: 'FAILED', findings: found('ERRORED') } as const;
    expect(opens({ ...failed, executionState: 'E1', isRetryable: true })).toBe(true);
    expect(opens({ ...failed, executionState: 'E0', isRetryable: false })).toBe(true);
    expect(opens({ ...failed, executionState: 'E0', isRetryable: true })).toBe(false);
    expect(opens({ ...failed, executionState: 'E0', isRetryable: null })).toBe(false);
  });

  test('when nothing is known of it for longer than a lease lasts, and not exactly as long', () => {
    const unknown = { verdict: 'UNKNOWN', findings: found('OWNER_UNREACHABLE') } as const;
    expect(opens({ ...unknown, unknownSeconds: 30 })).toBe(false);
    expect(opens({ ...unknown, unknownSeconds: 30.1 })).toBe(true);
  });

  test('never because this version does not know a status, or the owner’s version does not know all that is asked', () => {
    const unknown = { verdict: 'UNKNOWN', unknownSeconds: 9_999 } as const;
    expect(opens({ ...unknown, findings: found('STATUS_UNKNOWN') })).toBe(false);
    const refused = { findings: found('OWNER_UNREACHABLE'), isRefusedByVersion: true };
    expect(opens({ ...unknown, ...refused })).toBe(false);
    expect(opens({ ...refused, verdict: 'STUCK' })).toBe(true);
  });

  test('for no chat that is well, archived or gone', () => {
    expect(stepOf(undefined, well)).toEqual({ kind: 'none' });
    expect(opens({ isArchived: true })).toBe(false);
    expect(stepOf(undefined, null)).toEqual({ kind: 'none' });
  });
});

describe('an open incident', () => {
  test('notes the same trouble without another bundle', () => {
    const step = stepOf(incident(), reading({ summary: 'Stuck: for longer.' }));
    expect(step).toMatchObject({ kind: 'note', reopens: false, codeChanged: false });
    expect(step).toMatchObject({ noted: { summary: 'Stuck: for longer.', codes: ['RUNNER_MISSING'] } });
    expect(bundleReasonOf(step, BUNDLED)).toBeUndefined();
  });

  test('notes another root cause and another owner, and keeps the bundle', () => {
    const step = stepOf(incident(), reading({ findings: found('NO_OWNER'), workerId: 'replica 2' }));
    expect(step).toMatchObject({ kind: 'note', codeChanged: true, noted: { code: 'NO_OWNER' } });
    expect(step).toMatchObject({ noted: { codes: ['RUNNER_MISSING', 'NO_OWNER'] } });
    expect(step).toMatchObject({ noted: { workerIds: ['replica 1', 'replica 2'] } });
    expect(bundleReasonOf(step, BUNDLED)).toBe('CODE_CHANGED');
  });

  test('names a root cause once, however often it comes back', () => {
    const step = stepOf(
      incident({ code: 'NO_OWNER', codes: ['RUNNER_MISSING', 'NO_OWNER'] }),
      reading({ workerId: null }),
    );
    expect(step).toMatchObject({ codeChanged: true, noted: { codes: ['RUNNER_MISSING', 'NO_OWNER'] } });
    expect(step).toMatchObject({ noted: { workerIds: ['replica 1'] } });
  });

  test('names at most twenty owners, the first ones', () => {
    const workerIds = Array.from({ length: 20 }, (_, i) => `replica ${i}`);
    expect(stepOf(incident({ workerIds }), reading({ workerId: 'replica 99' }))).toMatchObject({
      noted: { workerIds },
    });
  });

  test('is left as it is by a reading that says nothing', () => {
    const unknown = reading({ verdict: 'UNKNOWN', findings: found('OWNER_UNREACHABLE') });
    expect(stepOf(incident({ wellReadings: 1 }), unknown)).toEqual({ kind: 'none' });
  });
});

describe('a bundle that could not be taken', () => {
  const NOTED = stepOf(incident(), reading());
  const WELL_ONCE = stepOf(incident(), well);
  const CLOSED = stepOf(incident({ wellReadings: 1 }), well);

  test('is taken by a later round, unless a newer one takes its place', () => {
    expect(bundleReasonOf(NOTED, { isBundled: false, bundleOwed: 'OPENED' })).toBe('OPENED');
    expect(bundleReasonOf(NOTED, { isBundled: true, bundleOwed: 'CODE_CHANGED' })).toBe('CODE_CHANGED');
    expect(bundleReasonOf(WELL_ONCE, { isBundled: true, bundleOwed: 'CODE_CHANGED' })).toBe('CLOSING');
    expect(bundleReasonOf(CLOSED, { isBundled: true, bundleOwed: 'CLOSING' })).toBe('CLOSING');
  });

  test('is not tried again if none is owed, as after one that was too large', () => {
    expect(bundleReasonOf(NOTED, { isBundled: false, bundleOwed: null })).toBeUndefined();
  });

  test('of an end that did not come is owed no more, and an incident without any gets that of its beginning', () => {
    expect(bundleReasonOf(NOTED, { isBundled: true, bundleOwed: 'CLOSING' })).toBeUndefined();
    expect(bundleReasonOf(NOTED, { isBundled: false, bundleOwed: 'CLOSING' })).toBe('OPENED');
  });

  test('of a chat that is gone is not tried', () => {
    const gone = stepOf(incident(), null);
    expect(bundleReasonOf(gone, { isBundled: false, bundleOwed: 'CLOSING' })).toBeUndefined();
  });
});

describe('an incident ends', () => {
  test('with the second well reading in a row, and keeps a bundle at the first', () => {
    const first = stepOf(incident(), well);
    expect(first).toEqual({ kind: 'wellOnce' });
    expect(bundleReasonOf(first, BUNDLED)).toBe('CLOSING');
    const second = stepOf(incident({ wellReadings: 1 }), well);
    expect(second).toEqual({ kind: 'close', reason: 'WELL' });
    expect(bundleReasonOf(second, BUNDLED)).toBeUndefined();
  });

  test('with a chat that was archived, and at once with one that was deleted', () => {
    expect(stepOf(incident({ wellReadings: 1 }), reading({ isArchived: true }))).toEqual({
      ...{ kind: 'close', reason: 'ARCHIVED' },
    });
    expect(stepOf(incident(), null)).toEqual({ kind: 'close', reason: 'DELETED' });
  });

  test('and stays ended: neither a well reading nor a deleted chat changes it', () => {
    for (const nothing of [well, null]) {
      expect(stepOf(incident({ secondsClosed: 5 }), nothing)).toEqual({ kind: 'none' });
    }
  });

  test('and goes on with trouble within a minute; later trouble is another incident', () => {
    expect(stepOf(incident({ secondsClosed: 60 }), reading())).toMatchObject({ kind: 'note', reopens: true });
    expect(stepOf(incident({ secondsClosed: 60.1 }), reading())).toMatchObject({ kind: 'open' });
  });

  test('and does not go on with trouble of much later, though the clock was set back since it ended', () => {
    expect(stepOf(incident({ secondsClosed: -3_000 }), reading())).toMatchObject({ kind: 'open' });
    expect(stepOf(incident({ secondsClosed: -1 }), reading())).toMatchObject({ kind: 'note', reopens: true });
  });
});

describe('whatever is read', () => {
  const anyReading = fc.record({
    ...{ chatId: fc.constant('chat'), ownerId: fc.constant(null), summary: fc.string() },
    workerId: fc.option(fc.constantFrom('replica 1', 'replica 2', 'replica 3')),
    executionState: fc.constantFrom('W', 'E0', 'E1', 'R0', 'XE1', 'INVALID'),
    isArchived: fc.boolean(),
    ...{ isRetryable: fc.option(fc.boolean()), isRefusedByVersion: fc.boolean() },
    verdict: fc.constantFrom(...VERDICTS),
    findings: fc.array(
      fc.record({
        code: fc.constantFrom<FindingCode>('NO_OWNER', 'ERRORED', 'STATUS_UNKNOWN'),
        severity: fc.constant('WARNING' as const),
      }),
    ),
    unknownSeconds: fc.nat(60),
    staleAfterSeconds: fc.constant(30),
  });

  test('a chat has one incident at a time, which opens, and closes only while open', () => {
    fc.assert(
      fc.property(fc.array(fc.option(anyReading), { maxLength: 30 }), (readings) => {
        let current: Incident | undefined;
        for (const one of readings) {
          const step = stepOf(current, one);
          const wasOpen = current?.secondsClosed === null;
          if (step.kind === 'open') expect(wasOpen).toBe(false);
          if (step.kind === 'close' || step.kind === 'wellOnce') expect(wasOpen).toBe(true);
          current = after(current, step);
          if (current) expect(current.codes).toContain(current.code);
        }
      }),
    );
  });

  function after(current: Incident | undefined, step: Step): Incident | undefined {
    if (step.kind === 'open' || step.kind === 'note') return { ...step.noted, wellReadings: 0, secondsClosed: null };
    if (!current) return current;
    if (step.kind === 'wellOnce') return { ...current, wellReadings: current.wellReadings + 1 };
    return step.kind === 'close' ? { ...current, secondsClosed: 10 } : current;
  }
});
