import { describe, expect, test } from '@jest/globals';
import { systemClock } from '../../../common/clock.ts';
import { type Judgement, makeReplicaGuards, type ReplicaGuard } from '../../../routing/ask/replicaGuard.ts';
import { makeSlots } from '../../../routing/ask/slots.ts';
import { manualClock } from '../../support/manualClock.ts';

const guard = (clock = manualClock()) => makeReplicaGuards(clock).of('a');
const say = (one: ReplicaGuard, verdict: Judgement) =>
  one.run(
    async () => verdict,
    (result) => result,
  );
const fail = async (one: ReplicaGuard, times: number) => {
  for (let i = 0; i < times; i += 1) await say(one, 'bad');
};

/** Something that is under way until it is told how it ended. */
function pending() {
  const ended: { settle?: (verdict: Judgement) => void } = {};
  const result = new Promise<Judgement>((resolve) => {
    ended.settle = resolve;
  });
  return { work: () => result, end: (verdict: Judgement) => ended.settle?.(verdict) };
}

describe('the breaker', () => {
  test('opens after five failures in a row, and then nothing is done', async () => {
    const one = guard();
    await fail(one, 4);
    expect(one.breaker()).toBe('CLOSED');
    expect(await say(one, 'good')).toBe('good');
    await fail(one, 4);
    expect(one.breaker()).toBe('CLOSED');
    await fail(one, 1);
    expect(one.breaker()).toBe('OPEN');
    let done = 0;
    const count = async () => {
      done += 1;
      return 'good' as const;
    };
    expect(await one.run(count, (verdict) => verdict)).toBe('open');
    expect(done).toBe(0);
  });

  test('what says nothing about the replica neither opens it nor makes it forget failures', async () => {
    const one = guard();
    for (let i = 0; i < 20; i += 1) await say(one, 'neutral');
    expect(one.breaker()).toBe('CLOSED');
    await fail(one, 4);
    await say(one, 'neutral');
    await fail(one, 1);
    expect(one.breaker()).toBe('OPEN');
  });

  test('failures at the same time count, and what ends after it has opened changes nothing', async () => {
    const one = guard();
    const slow = pending();
    const late = one.run(slow.work, (verdict) => verdict);
    await Promise.all(Array.from({ length: 5 }, () => say(one, 'bad')));
    expect(one.breaker()).toBe('OPEN');
    slow.end('good');
    expect(await late).toBe('good');
    expect(one.breaker()).toBe('OPEN');
  });

  test('after a second one probe is let through; meanwhile all others are refused at once; if it is good, all is well', async () => {
    const clock = manualClock();
    const one = guard(clock);
    await fail(one, 5);
    clock.advance(999);
    expect(await say(one, 'good')).toBe('open');
    clock.advance(1);
    const probe = pending();
    const probing = one.run(probe.work, (verdict) => verdict);
    expect(one.breaker()).toBe('HALF_OPEN');
    expect(await say(one, 'good')).toBe('open');
    probe.end('good');
    expect(await probing).toBe('good');
    expect(one.breaker()).toBe('CLOSED');
    await fail(one, 4);
    expect(one.breaker()).toBe('CLOSED');
  });

  test.each(['bad', 'neutral'] as const)('a probe that is %s leaves it open for another second', async (verdict) => {
    const clock = manualClock();
    const one = guard(clock);
    await fail(one, 5);
    clock.advance(1_000);
    expect(await say(one, verdict)).toBe(verdict);
    expect(one.breaker()).toBe('OPEN');
    clock.advance(999);
    expect(await say(one, 'good')).toBe('open');
    clock.advance(1);
    expect(await say(one, 'good')).toBe('good');
  });

  test('a probe that throws leaves it open for another second', async () => {
    const clock = manualClock();
    const one = guard(clock);
    await fail(one, 5);
    clock.advance(1_000);
    const thrown = one.run(
      () => Promise.reject(new Error('a bug')),
      (): Judgement => 'good',
    );
    await expect(thrown).rejects.toThrow('a bug');
    expect(one.breaker()).toBe('OPEN');
    clock.advance(1_000);
    expect(await say(one, 'good')).toBe('good');
  });

  test('of one replica is not that of another', async () => {
    const guards = makeReplicaGuards(manualClock());
    await fail(guards.of('a'), 5);
    expect(await say(guards.of('b'), 'good')).toBe('good');
    expect([...guards.breakers()]).toEqual([
      ['a', 'OPEN'],
      ['b', 'CLOSED'],
    ]);
  });
});

test('a replica that nobody asks for ten minutes is forgotten, however many there have been', () => {
  const clock = manualClock();
  const guards = makeReplicaGuards(clock);
  const kept = guards.of('kept');
  for (let restart = 0; restart < 10_000; restart += 1) {
    clock.advance(10_000);
    guards.of(`replica ${restart}`);
    expect(guards.of('kept')).toBe(kept);
  }
  expect(guards.breakers().size).toBeLessThanOrEqual(61);
  clock.advance(600_000);
  expect(guards.breakers().size).toBe(0);
});

describe('places', () => {
  const never = new AbortController().signal;

  test('are so many at once; who waits gets the next one, in order', async () => {
    const slots = makeSlots(2);
    const [first, second] = [await slots.take(never), await slots.take(never)];
    const order: number[] = [];
    const waiting = [1, 2, 3].map(async (n) => {
      const release = await slots.take(never);
      order.push(n);
      return release;
    });
    await systemClock.sleep(0);
    expect(order).toEqual([]);
    first?.();
    first?.(); // twice is once
    await waiting[0];
    await systemClock.sleep(0);
    expect(order).toEqual([1]);
    second?.();
    (await waiting[0])?.();
    await Promise.all(waiting);
    expect(order).toEqual([1, 2, 3]);
  });

  test('nobody waits longer than the signal lets it, and a place is never lost with it', async () => {
    const slots = makeSlots(1);
    const held = await slots.take(never);
    const leaving = new AbortController();
    const gone = slots.take(leaving.signal);
    const next = slots.take(never);
    leaving.abort();
    expect(await gone).toBeUndefined();
    held?.();
    expect(await next).toBeDefined();
    expect(await slots.take(leaving.signal)).toBeUndefined();
  });
});
