/** The loop of one watch, with a clock that a test moves. */
import { beforeEach, describe, expect, test } from '@jest/globals';
import { unauthenticated } from '../../../server/graphql/answer.ts';
import type { LiveAnswer } from '../../../server/live/liveAnswer.ts';
import { type LookReason, type Watcher, WatchLoop } from '../../../server/live/watchLoop.ts';
import { type ManualClock, manualClock } from '../../support/manualClock.ts';
import { until } from '../../support/until.ts';

const CALLER = { sub: 'a', roles: [] };

/** What a client was given, in order. */
class Client implements Watcher {
  readonly got: unknown[] = [];
  hasAnswer = false;
  isLetIn = true;
  ended: string | undefined;
  leave = () => {};
  identify = () => (this.isLetIn ? CALLER : unauthenticated());
  take({ body }: LiveAnswer) {
    this.hasAnswer = true;
    this.got.push(body.data?.value);
  }
  renew({ body }: LiveAnswer) {
    this.got.push(`(${String(body.data?.value)})`);
  }
  end({ code }: { code: string }) {
    this.ended = code;
    this.leave();
  }
}

let clock: ManualClock;
let state: {
  value: unknown;
  looks: { why: LookReason; wokenMs: number | undefined }[];
  takesMs: number;
  isValid: boolean;
  everyMs: number;
};
let loop: WatchLoop;
beforeEach(() => {
  clock = manualClock();
  state = { value: 1, looks: [], takesMs: 0, isValid: true, everyMs: 1_000 };
  loop = new WatchLoop({
    look: async () => {
      const { value } = state;
      if (state.takesMs > 0) await clock.sleep(state.takesMs);
      return state.isValid
        ? { body: { data: { value } }, isSame: (a, b) => a.data?.value === b.data?.value }
        : undefined;
    },
    get everyMs() {
      return state.everyMs;
    },
    onLooked: (why, wokenMs) => state.looks.push({ why, wokenMs }),
    clock,
  });
});
const join = () => {
  const client = new Client();
  client.leave = () => loop.remove(client);
  loop.add(client);
  return client;
};
/** Lets everything happen that needs no time. */
const settle = async () => {
  for (let turn = 0; turn < 20; turn += 1) await Promise.resolve();
};
const pass = async (ms: number) => {
  clock.advance(ms);
  await settle();
};
const whys = () => state.looks.map(({ why }) => why);

describe('on a timer', () => {
  test('looks at once, then on each tick, and sends what has changed', async () => {
    const client = join();
    await settle();
    expect(client.got).toEqual([1]);
    await pass(1_000);
    state.value = 2;
    await pass(999);
    expect(client.got).toEqual([1, '(1)']);
    await pass(1);
    expect(client.got).toEqual([1, '(1)', 2]);
    expect(whys()).toEqual(['joined', 'tick', 'tick']);
    client.leave();
  });

  test('looks at most half of the time', async () => {
    state.takesMs = 900;
    const client = join();
    await settle();
    await pass(900);
    expect(client.got).toEqual([1]);
    await pass(899);
    state.value = 2;
    await pass(1);
    await pass(900);
    expect(client.got).toEqual([1, 2]);
    client.leave();
  });
});

describe('woken', () => {
  test('looks at once, then every 100 ms at most, and after the last wake-up in any case', async () => {
    const client = join();
    await settle();
    await pass(500);
    state.value = 2;
    loop.wake();
    await settle();
    expect(client.got).toEqual([1, 2]);
    for (let i = 0; i < 10; i += 1) {
      state.value = 3 + i;
      loop.wake();
      await pass(5);
    }
    expect(client.got).toEqual([1, 2]);
    await pass(50);
    expect(client.got).toEqual([1, 2, 12]);
    await pass(900);
    expect(whys()).toEqual(['joined', 'woken', 'woken']);
    expect(state.looks.at(-1)?.wokenMs).toBe(100);
    client.leave();
  });

  test('during a look: looks once more, since that one may have seen the state before', async () => {
    state.takesMs = 10;
    const client = join();
    await settle();
    state.value = 2;
    loop.wake();
    await pass(10);
    expect(client.got).toEqual([1]);
    await pass(90);
    await pass(10);
    expect(client.got).toEqual([1, 2]);
    client.leave();
  });
});

describe('clients', () => {
  test('who joins while an answer that took long is handed out gets one without waiting for a tick', async () => {
    state.takesMs = 1_500;
    state.everyMs = 60_000;
    let late: Client | undefined;
    const first = join();
    const take = first.take.bind(first);
    first.take = (answer) => {
      take(answer);
      late ??= join();
    };
    await settle();
    await pass(1_500);
    expect(first.got).toEqual([1]);
    await pass(3_000); // it looks half of the time at most
    await pass(1_500);
    expect(late?.got).toEqual([1]);
    expect(whys()).toEqual(['joined', 'joined']);
    late?.leave();
    first.leave();
  });

  test('who joins gets the newest answer, or one that is made for it; nobody else gets the same again', async () => {
    const first = join();
    await settle();
    await pass(500);
    const second = join();
    expect(second.got).toEqual([1]);
    await pass(500);
    expect(whys()).toEqual(['joined', 'tick']);
    first.leave();
    second.leave();
  });

  test('one whose token is no longer good is ended, and the others go on', async () => {
    const [first, second] = [join(), join()];
    await settle();
    first.isLetIn = false;
    state.value = 2;
    await pass(1_000);
    expect([first.ended, first.got]).toEqual(['UNAUTHENTICATED', [1]]);
    expect([second.ended, second.got.at(-1)]).toEqual([undefined, 2]);
    second.leave();
  });

  test('hundreds get the answer, whoever goes meanwhile', async () => {
    const clients = Array.from({ length: 300 }, join);
    await settle();
    clients[200]?.leave();
    await until('all others have it', () => clients.every(({ got }, i) => got.length === (i === 200 ? 0 : 1)));
    for (const client of clients) client.leave();
  });

  test('all are ended when the question is no longer valid', async () => {
    const client = join();
    await settle();
    state.isValid = false;
    await pass(1_000);
    expect(client.ended).toBe('SCHEMA_CHANGED');
    await pass(5_000);
    expect(state.looks).toHaveLength(2);
  });

  test('with the last one the loop ends, also during a look', async () => {
    const client = join();
    await settle();
    state.takesMs = 10;
    await pass(1_000);
    client.leave();
    await pass(10);
    await pass(10_000);
    expect([client.got, state.looks.length, loop.size]).toEqual([[1], 1, 0]);
  });
});
