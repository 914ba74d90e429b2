/** Tokens of offers as time passes, by a clock that a test moves. */
import { expect, test } from '@jest/globals';
import { makeOfferTokens } from '../../../subgraphs/operator/offerTokens.ts';
import { manualClock } from '../../support/manualClock.ts';

const MINUTE_MS = 60_000;
const TO = { action: 'RETRY_CHAT', chatId: '16a224d7-672f-4bc5-8d12-67b46b980623', sub: 'a' } as const;
const EXPECTED = { version: 1, workerId: null, runnerId: null };

/** Tokens of one secret, at a time that is a whole minute. */
function tokensFrom() {
  const clock = manualClock(1_699_999_980_000);
  const tokens = makeOfferTokens('a secret for this test alone, long enough', clock);
  return { clock, tokens, sign: () => tokens.sign(TO, EXPECTED, tokens.expiry()) };
}

test('the token of an unchanged chat changes once a minute: a live view is not sent anew at each look', async () => {
  const { clock, sign } = tokensFrom();
  const signed: string[] = [];
  for (let second = 1; second <= 180; second += 1) {
    clock.advance(1_000);
    signed.push(await sign());
  }
  expect(new Set(signed).size).toBe(3);
});

test.each([0, 1, 30_000, 59_999])(
  'one that is made %i ms after a minute is good for 5 minutes, and not for 6',
  async (ms) => {
    const { clock, tokens, sign } = tokensFrom();
    clock.advance(ms);
    const token = await sign();
    clock.advance(5 * MINUTE_MS);
    expect(await tokens.read(token, TO)).toEqual({ expected: EXPECTED, isExpired: false });
    clock.advance(MINUTE_MS + 1);
    expect(await tokens.read(token, TO)).toEqual({ expected: EXPECTED, isExpired: true });
  },
);
