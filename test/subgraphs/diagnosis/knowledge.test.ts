/** Check that unknown facts are named, and never guessed. */
import { describe, expect, test } from '@jest/globals';
import { diagnose, shouldReadAgain } from '../../../domain/diagnosis/diagnose.ts';
import { MATRIX_SETTINGS } from '../../../scripts/combinations.ts';
import { codes, diagnosisOf, OTHER_REPLICA, replica, snapshot } from './snapshots.ts';

const standby = { heartbeatState: null, heartbeat: null, heartbeatsReadable: false };

describe('a part that is missing', () => {
  test('leases that cannot be read are not missing', () => {
    const diagnosis = diagnosisOf({ database: standby });
    expect([diagnosis.verdict, codes(diagnosis)]).toEqual(['WORKING', []]);
    expect(diagnosis.summary).toContain('its lease could not be read');
    const away = diagnosisOf({ owner: 'UNREACHABLE', database: standby });
    expect([away.verdict, codes(away)]).toEqual(['UNKNOWN', ['WARNING OWNER_UNREACHABLE']]);
  });

  test('an owner’s memory that was lost on the way is not known', () => {
    const lost = diagnose({ ...snapshot(), runtime: null }, MATRIX_SETTINGS);
    expect([lost.verdict, lost.consistency, codes(lost)]).toEqual(['UNKNOWN', 'NOT_COMPARED', []]);
    expect(lost.summary).toContain('could not be read');
    expect(diagnosisOf({ runtime: { runners: null } }).verdict).toBe('UNKNOWN');
  });

  test('a row that was lost on the way leaves nothing known', () => {
    const lost = diagnose({ ...snapshot(), database: null }, MATRIX_SETTINGS);
    expect([lost.verdict, lost.summary]).toEqual(['UNKNOWN', expect.stringContaining('its row could not be read')]);
  });

  test('other replicas that did not answer are counted', () => {
    const silent = diagnose(
      {
        ...snapshot(),
        everywhere: [replica(OTHER_REPLICA, null, 'TIMED_OUT'), replica('00000000-0000-4000-8000-0000000000fe', [])],
      },
      MATRIX_SETTINGS,
      { everywhere: true },
    );
    expect(silent.summary).toContain('1 of 2 other replicas did not answer');
    const gone = { ...snapshot(), everywhere: [replica(OTHER_REPLICA, null, 'STOPPED')] };
    expect(diagnose(gone, MATRIX_SETTINGS).summary).not.toContain('did not answer');
    expect(diagnose(snapshot(), MATRIX_SETTINGS, { everywhere: true }).summary).toContain(
      'which other replicas there are could not be read',
    );
  });
});

describe('the lease', () => {
  test('is good for as long as its owner says, not for as long as the setting says; the difference is told', () => {
    const heartbeat = { ageSeconds: 100, staleAfterSeconds: 30 };
    const lenient = { staleAfterSeconds: 300, intervalSeconds: 30 };
    const patient = diagnosisOf({ database: { heartbeat, heartbeatState: 'STALE' }, lease: lenient });
    expect([patient.verdict, codes(patient)]).toEqual(['WORKING', []]);
    expect(patient.summary).toContain('is good for 5 min, not for 30 s');
    const strict = diagnosisOf({
      database: { heartbeat: { ...heartbeat, ageSeconds: 12 } },
      lease: { staleAfterSeconds: 10 },
    });
    expect(codes(strict)).toEqual(['CRITICAL HEARTBEAT_STALE']);
  });

  test('that is exactly as old as the threshold is fresh', () => {
    const aged = (ageSeconds: number) =>
      codes(diagnosisOf({ database: { heartbeat: { ageSeconds, staleAfterSeconds: 30 } } }));
    expect(aged(30)).toEqual(['WARNING LEASE_ENDANGERED']);
    expect(aged(30.001)).toEqual(['CRITICAL HEARTBEAT_STALE']);
  });
});

describe('the two halves', () => {
  test('are compared by the runner that the row names, and its version', () => {
    expect(diagnosisOf().consistency).toBe('EXACT');
    expect(diagnosisOf({ runner: { snapshotVersion: 6 } }).consistency).toBe('DATABASE_AHEAD');
    expect(diagnosisOf({ runner: { snapshotVersion: null } }).consistency).toBe('NOT_COMPARED');
    expect(diagnosisOf({ runner: { snapshotVersion: 8 } }).consistency).toBe('RUNTIME_AHEAD');
    expect(diagnosisOf({ runtime: { runners: [] } }).consistency).toBe('NOT_COMPARED');
    expect(diagnosisOf({ owner: 'unowned' }).consistency).toBe('NOT_COMPARED');
    expect(diagnosisOf({ owner: 'TIMED_OUT' }).consistency).toBe('NOT_COMPARED');
    expect(diagnosisOf({ owner: 'REFUSED', runtime: { workerIdMatchesLocal: false } }).consistency).toBe('OWNER_MOVED');
  });

  test('are read again before a chat is called stuck, unless they were of the same moment', () => {
    expect(shouldReadAgain(diagnosisOf())).toBe(false);
    expect(shouldReadAgain(diagnosisOf({ task: { secondsSinceProgress: 99 } }))).toBe(false);
    expect(shouldReadAgain(diagnosisOf({ owner: 'STOPPED' }))).toBe(true);
    expect(shouldReadAgain(diagnosisOf({ runner: { snapshotVersion: 1 } }))).toBe(true);
    expect(shouldReadAgain(diagnosisOf({ state: 'E1', owner: 'unowned' }))).toBe(false);
  });

  test('when read a second time: that says so, and a change of owner shows', () => {
    const first = snapshot({ owner: 'STOPPED' });
    const same = diagnose(first, MATRIX_SETTINGS, { first });
    expect([same.verdict, same.consistency]).toEqual(['STUCK', 'NOT_COMPARED']);
    expect(same.findings[0]?.message).toContain('second reading');
    expect(same.summary).toContain('a second reading says so too');
    const workerId = OTHER_REPLICA;
    const moved = snapshot({ database: { workerId }, runtime: { workerId, localWorkerId: workerId } });
    const healed = diagnose(moved, MATRIX_SETTINGS, { first });
    expect([healed.verdict, healed.consistency, codes(healed)]).toEqual(['WORKING', 'OWNER_MOVED', []]);
  });

  test('where they cannot be read again, what looks stuck is not known', () => {
    const alone = diagnose(snapshot({ owner: 'STOPPED' }), MATRIX_SETTINGS, {
      notRepeated: 'that cannot be done here',
    });
    expect([alone.verdict, codes(alone)]).toEqual(['UNKNOWN', ['CRITICAL OWNER_STOPPED']]);
    expect(alone.summary).toMatch(/^Not known: .*that cannot be done here\.$/);
  });
});
