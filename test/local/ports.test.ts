import { expect, test } from '@jest/globals';
import { systemClock } from '../../common/clock.ts';
import { freePort, freePorts } from '../../local/ports.ts';

test('a port that somebody is about to listen on is not drawn again', async () => {
  const [first = 0, second = 0] = await freePorts(2, systemClock);
  expect(first).not.toBe(second);
  const drawn = [first, first, second].map((port) => (port + 0.5 - 20_000) / 12_000);
  const random = () => drawn.shift() ?? 0.5;
  expect(await freePort({ random }, [first])).toBe(second);
  expect(drawn).toEqual([]);
});
