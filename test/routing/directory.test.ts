import { describe, expect, test } from '@jest/globals';
import { pino } from 'pino';
import { type Clock, systemClock } from '../../common/clock.ts';
import { makeReplicaDirectory, type ReplicaRow } from '../../routing/directory.ts';
import { makeLogger } from '../../server/log.ts';

const log = makeLogger('test', 'silent');
const never = new AbortController().signal;
const row = (id: string, changes: Partial<ReplicaRow> = {}): ReplicaRow => ({
  id,
  relayAddress: `http://${id}`,
  stoppedAt: null,
  ...changes,
});

/** A replica table that the test writes, and whose readings end when the test says so. */
function table(...rows: ReplicaRow[]) {
  const pending: { ids: readonly string[]; answer(): void; fail(): void }[] = [];
  let nowMs = 1000;
  const clock: Clock = {
    now: () => new Date(nowMs),
    monotonicMs: () => nowMs,
    sleep: async () => {},
    random: () => 0,
  };
  const load = (ids: readonly string[]) =>
    new Promise<ReplicaRow[]>((resolve, reject) => {
      const asOfNow = rows.filter(({ id, stoppedAt }) => stoppedAt === null || ids.includes(id)); // what a snapshot taken when the reading begins holds
      pending.push({ ids, answer: () => resolve(asOfNow), fail: () => reject(new Error('no database')) });
    });
  return {
    rows,
    pending,
    advance: (ms: number) => {
      nowMs += ms;
    },
    directory: makeReplicaDirectory({ load, clock, log }),
  };
}

/** Lets everything run that waits for nothing but promises. */
const settle = async () => {
  for (let turn = 0; turn < 20; turn++) await Promise.resolve();
};

describe('the replica directory', () => {
  test('gives as many answers as ids, in their order, from one reading', async () => {
    const { directory, pending } = table(row('a'), row('b', { stoppedAt: '2026-11-22T10:00:00.000Z' }));
    const answers = Promise.all(directory.lookUp(['b', 'x', 'A', 'b', 'y'], never));
    await settle();
    expect(pending).toHaveLength(1);
    pending[0]?.answer();
    expect(await answers).toEqual([
      { status: 'STOPPED', address: 'http://b' },
      { status: 'UNKNOWN_REPLICA' },
      { status: 'OK', address: 'http://a' },
      { status: 'STOPPED', address: 'http://b' },
      { status: 'UNKNOWN_REPLICA' },
    ]);
    expect(pending).toHaveLength(1);
  });

  test('what it holds is answered while a reading for the others hangs', async () => {
    const { directory, pending } = table(row('a'));
    const first = Promise.all(directory.lookUp(['a'], never));
    pending[0]?.answer();
    await first;
    const deadline = new AbortController();
    const [held, missing] = directory.lookUp(['a', 'x'], deadline.signal);
    expect(await held).toEqual({ status: 'OK', address: 'http://a' });
    deadline.abort();
    expect(await missing).toEqual({ status: 'UNREACHABLE' });
  });

  test('an id that was written after a reading began is found by the next one, which all who wait share', async () => {
    const { directory, pending, rows } = table(row('a'));
    const first = Promise.all(directory.lookUp(['a'], never));
    rows.push(row('new'));
    const later = [...directory.lookUp(['new', 'other'], never), ...directory.lookUp(['new'], never)];
    await settle();
    expect(pending).toHaveLength(1);
    pending[0]?.answer();
    await first;
    await settle();
    expect(pending).toHaveLength(2);
    pending[1]?.answer();
    expect((await Promise.all(later)).map(({ status }) => status)).toEqual(['OK', 'UNKNOWN_REPLICA', 'OK']);
    expect(pending).toHaveLength(2);
  });

  test('a reading that fails keeps what was held, and calls nobody unknown', async () => {
    const { directory, pending, advance } = table(row('a'));
    const first = Promise.all(directory.lookUp(['a'], never));
    pending[0]?.answer();
    await first;
    advance(60_000);
    const second = Promise.all(directory.lookUp(['a', 'x'], never));
    await settle();
    pending[1]?.fail();
    expect((await second).map(({ status }) => status)).toEqual(['OK', 'UNREACHABLE']);
    const third = Promise.all(directory.lookUp(['x'], never));
    await settle();
    pending[2]?.answer();
    expect((await third).map(({ status }) => status)).toEqual(['UNKNOWN_REPLICA']);
  });

  test('a row that could not be read is not called missing, and one that is held stays', async () => {
    let found: readonly (ReplicaRow | { id: string; isUnread: true })[] = [row('a')];
    const directory = makeReplicaDirectory({ load: async () => found, clock: systemClock, log });
    const statuses = async () => (await Promise.all(directory.lookUp(['a', 'b'], never))).map(({ status }) => status);
    expect(await statuses()).toEqual(['OK', 'UNKNOWN_REPLICA']);
    found = ['a', 'b'].map((id) => ({ id, isUnread: true }));
    expect(await statuses()).toEqual(['OK', 'UNREACHABLE']);
    expect(await directory.lookUpAnew('a', never)).toMatchObject({ status: 'OK' });
    found = [];
    expect(await statuses()).toEqual(['OK', 'UNKNOWN_REPLICA']);
    expect(await directory.lookUpAnew('a', never)).toEqual({ status: 'UNKNOWN_REPLICA' });
  });

  test('a reading that fails is in the log with its message', async () => {
    const lines: string[] = [];
    const log = pino({}, { write: (line: string) => lines.push(line) });
    const load = () => Promise.reject(new Error('no database'));
    const directory = makeReplicaDirectory({ load, clock: systemClock, log });
    await Promise.all(directory.lookUp(['a'], never));
    expect(lines.map((line) => JSON.parse(line).err.message)).toEqual(['no database']);
  });

  test('is read again in the background once it is older than two seconds, and nobody waits for that', async () => {
    const { directory, pending, advance, rows } = table(row('a'));
    const first = Promise.all(directory.lookUp(['a'], never));
    pending[0]?.answer();
    await first;
    advance(2_000);
    await Promise.all(directory.lookUp(['a'], never));
    expect(pending).toHaveLength(1);
    advance(1);
    rows.splice(0, 1, row('a', { stoppedAt: '2026-11-22T10:00:00.000Z' }));
    const [old] = await Promise.all(directory.lookUp(['a'], never));
    expect(old?.status).toBe('OK');
    expect(pending).toHaveLength(2);
    pending[1]?.answer();
    await settle();
    const [fresh] = await Promise.all(directory.lookUp(['a'], never));
    expect(fresh?.status).toBe('STOPPED');
  });

  /** Stopped replicas beside one that is listed, and a look-up whose reading, if it needs one, ends at once. */
  const withStopped = (...ids: string[]) => {
    const stopped = ids.map((id) => row(id, { stoppedAt: '2026-11-22T10:00:00.000Z' }));
    const { directory, pending, advance } = table(row('a'), ...stopped);
    const askFor = async (...asked: string[]) => {
      const answers = Promise.all(directory.lookUp(asked, never));
      await settle();
      for (const reading of pending) reading.answer();
      await settle();
      return (await answers).map(({ status }) => status);
    };
    return { pending, advance, askFor };
  };

  test('what is not listed is looked up with each reading for some seconds after it was in use, and no longer', async () => {
    const { pending, advance, askFor } = withStopped('gone');
    await askFor();
    expect(await askFor('a', 'GONE')).toEqual(['OK', 'STOPPED']);
    advance(2_001);
    expect(await askFor('gone', 'a')).toEqual(['STOPPED', 'OK']);
    advance(10_000);
    await askFor('a');
    advance(2_001);
    await askFor('a');
    expect(pending.map(({ ids }) => ids)).toEqual([[], ['gone'], ['gone'], ['gone'], []]);
  });

  test('stopped replicas that are asked for in turn are all held, and cost no reading each', async () => {
    const { pending, askFor } = withStopped('gone', 'left');
    await askFor('a');
    for (let turn = 0; turn < 5; turn += 1) {
      expect([await askFor('gone'), await askFor('left')]).toEqual([['STOPPED'], ['STOPPED']]);
    }
    expect(pending.map(({ ids }) => ids)).toEqual([['a'], ['a', 'gone'], ['a', 'gone', 'left']]);
  });

  test('an id that no row has is asked for again only by those who look it up', async () => {
    const { pending, advance, askFor } = withStopped();
    await askFor();
    expect(await askFor('x')).toEqual(['UNKNOWN_REPLICA']);
    advance(2_001);
    await askFor('a');
    expect(pending.map(({ ids }) => ids)).toEqual([[], ['x'], []]);
  });

  test('what a reading that failed was asked for, the next one is asked for', async () => {
    const { directory, pending, advance } = table(row('a'), row('gone', { stoppedAt: '2026-11-22T10:00:00.000Z' }));
    const first = Promise.all(directory.lookUp(['gone'], never));
    pending[0]?.answer();
    await first;
    advance(2_001);
    await Promise.all(directory.lookUp(['gone'], never));
    pending[1]?.fail();
    await settle();
    advance(2_001);
    directory.refresh();
    expect(pending.map(({ ids }) => ids)).toEqual([['gone'], ['gone'], ['gone']]);
  });

  test('looking up anew does not settle for what is held', async () => {
    const { directory, pending, rows } = table(row('a'));
    const first = Promise.all(directory.lookUp(['a'], never));
    pending[0]?.answer();
    await first;
    rows.splice(0, 1, row('a', { stoppedAt: '2026-11-22T10:00:00.000Z' }));
    const anew = directory.lookUpAnew('a', never);
    await settle();
    pending[1]?.answer();
    expect((await anew).status).toBe('STOPPED');
  });
});
