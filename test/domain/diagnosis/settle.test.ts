import { describe, expect, test } from '@jest/globals';
import { settle } from '../../../domain/diagnosis/settle.ts';
import { OTHER_REPLICA, replica, runner, snapshot } from '../../subgraphs/diagnosis/snapshots.ts';

const first = snapshot({ everywhere: [replica(OTHER_REPLICA, [runner()])] });
const silent = snapshot({ owner: 'TIMED_OUT', everywhere: [replica(OTHER_REPLICA, null, 'TIMED_OUT')] });

describe('a second reading that came too late for a replica', () => {
  test('keeps what that replica said of the same row', () => {
    const settled = settle(first, silent);
    expect(settled.runtime).toEqual(first.runtime);
    expect(settled.everywhere).toEqual(first.everywhere);
    expect(settled.database).toBe(silent.database);
  });

  test.each([{ snapshotVersion: 8 }, { workerId: OTHER_REPLICA }, { runnerId: OTHER_REPLICA }])(
    'keeps nothing when the row has changed: %j',
    (change) => {
      const later = { ...silent, database: silent.database && { ...silent.database, ...change } };
      expect(settle(first, later)).toEqual(later);
    },
  );

  test('keeps what others said of their room, which is no matter of the row', () => {
    const room = (status: string, isFull: boolean | null) => ({
      ...{ workerId: OTHER_REPLICA, reachability: { status }, isFull, isDraining: null, runnerCount: null },
      ...{ roomSeconds: null, capacity: null, acquisitionError: null, refusedChats: null },
    });
    const before = snapshot({ owner: 'TIMED_OUT', candidates: [room('OK', true)] });
    const again = snapshot({ owner: 'TIMED_OUT', candidates: [room('TIMED_OUT', null)], database: { workerId: 'x' } });
    expect(settle(before, again).candidates).toEqual(before.candidates);
    const left = snapshot({ owner: 'TIMED_OUT', candidates: [room('OK', false)] });
    expect(settle(before, left).candidates).toEqual(left.candidates);
    expect(settle(snapshot(), again).candidates).toEqual(again.candidates);
  });

  test('is taken as it is where a replica answered, or failed for another reason', () => {
    const answered = snapshot({ runtime: { runners: [] } });
    expect(settle(first, answered).runtime).toEqual(answered.runtime);
    const gone = snapshot({ owner: 'UNREACHABLE' });
    expect(settle(first, gone).runtime).toEqual(gone.runtime);
  });
});
