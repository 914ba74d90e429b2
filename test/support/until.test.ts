import { expect, test } from '@jest/globals';
import { until } from './until.ts';

test('the first value that is one is given back', async () => {
  const seen = [undefined, null, false, 0] as const;
  let looks = 0;
  expect(await until('a number is there', () => seen[looks++])).toBe(0);
});

test('what does not come is named with its limit, and with what is there instead', async () => {
  await expect(until('the chat is answered', () => false, 30)).rejects.toThrow(
    'Not within 0.03 s: the chat is answered.',
  );
  let looks = 0;
  const waiting = until(
    () => `there are 9, and not ${looks}`,
    () => {
      looks += 1;
      return false;
    },
    0,
  );
  await expect(waiting).rejects.toThrow('Not within 0 s: there are 9, and not 1.');
});
