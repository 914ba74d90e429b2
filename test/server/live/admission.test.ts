import { expect, test } from '@jest/globals';
import { Refusal } from '../../../server/graphql/answer.ts';
import { Admission } from '../../../server/live/admission.ts';

const refused = (entered: ReturnType<Admission['enter']>) => {
  if (!(entered instanceof Refusal)) return undefined;
  return [entered.status, entered.body.errors[0].extensions?.code, entered.headers['retry-after']];
};
const left = (entered: ReturnType<Admission['enter']>) => {
  if (entered instanceof Refusal) throw new Error(entered.body.errors[0].message);
  return entered;
};

test('one caller may have so many streams, and others have theirs', () => {
  const admission = new Admission({ perCaller: 2, max: 10, perMinute: 0 });
  const leave = left(admission.enter('a', 1_000));
  left(admission.enter('a', 1_000));
  expect(refused(admission.enter('a', 1_000))).toEqual([429, 'TOO_MANY_STREAMS', '5']);
  left(admission.enter('b', 1_000));
  leave();
  leave(); // once is enough
  left(admission.enter('a', 1_000));
  expect(refused(admission.enter('a', 1_000))).toEqual([429, 'TOO_MANY_STREAMS', '5']);
});

test('all streams together have a limit', () => {
  const admission = new Admission({ perCaller: 9, max: 2, perMinute: 0 });
  left(admission.enter('a', 1_000));
  const leave = left(admission.enter('b', 1_000));
  expect(refused(admission.enter('c', 1_000))).toEqual([503, 'TOO_MANY_STREAMS', '5']);
  leave();
  left(admission.enter('c', 1_000));
});

test('all streams of one caller look as often as it may send requests', () => {
  const admission = new Admission({ perCaller: 9, max: 9, perMinute: 120 });
  left(admission.enter('a', 1_000));
  const leave = left(admission.enter('a', 2_000));
  expect(refused(admission.enter('a', 1_000))).toEqual([429, 'RATE_LIMITED', '5']);
  left(admission.enter('b', 500));
  leave();
  left(admission.enter('a', 1_000));
});
