/** However much fails in one request, its client cannot make the log grow by it. */
import { expect, test } from '@jest/globals';
import { GraphQLError } from 'graphql';
import { pino } from 'pino';
import { clientError } from '../../../server/graphql/errors.ts';
import { logMasked } from '../../../server/graphql/maskedErrors.ts';

function linesOf(errors: Parameters<typeof logMasked>[2]) {
  const lines: string[] = [];
  logMasked(pino({ base: null, timestamp: false }, { write: (line) => void lines.push(line) }), 'an id', errors);
  return lines;
}
const parsed = (lines: readonly string[]) => lines.map((line) => JSON.parse(line));

test('one cause is one line, with its first place and how often it came', () => {
  const cause = new Error('it broke');
  const errors = Array.from(
    { length: 1_000 },
    (_, i) => new GraphQLError('it broke', { path: ['a', i], originalError: cause }),
  );
  const expected = { msg: 'masked', requestId: 'an id', path: ['a', 0], times: 1_000 };
  expect(parsed(linesOf(errors))).toMatchObject([{ ...expected, err: { message: 'it broke', stack: cause.stack } }]);
});

test('another field, and another code that nobody knows, are other lines', () => {
  const places = [
    ['a', 0, 'x'],
    ['a', 1, 'y'],
    ['a', 2, 'x'],
  ];
  const errors = places.map((path) => ({ message: 'it broke', path, extensions: { code: 'LEVITATING' } }));
  expect(parsed(linesOf(errors)).map(({ path, times, code }) => [path, times, code])).toEqual([
    [['a', 0, 'x'], 2, 'LEVITATING'],
    [['a', 1, 'y'], 1, 'LEVITATING'],
  ]);
});

test('many causes are ten lines', () => {
  const errors = Array.from({ length: 1_000 }, (_, i) => ({ message: `it broke ${i}` }));
  expect(parsed(linesOf(errors)).map(({ err }) => err.message)).toEqual(
    errors.slice(0, 10).map(({ message }) => message),
  );
});

test('names that the client chose are cut', () => {
  const path = Array.from({ length: 1_000 }, () => 'x'.repeat(100_000));
  expect(linesOf([{ message: 'it broke', path }])[0]?.length).toBeLessThan(5_000);
});

test('what the client is told is no line', () => {
  expect(linesOf([clientError('NOT_FOUND', 'There is none.')])).toEqual([]);
});
