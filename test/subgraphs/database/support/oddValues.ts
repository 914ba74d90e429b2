/** Random values that Postgres can hold in the five tables, each with what an answer can say of it. */
import fc from 'fast-check';

/** Answer on a stored value: this value, or null with one error, or anything within bounds. */
type Said = { readonly value: unknown } | 'unreadable' | 'bounded';

export interface Drawn {
  /** A literal without its quotes. */
  readonly text: string;
  readonly said: Said;
}

const two = (value: number) => String(value).padStart(2, '0');

/** A moment of the calendar, negative years before the first one; all that Postgres can hold. */
const calendar = fc
  .record({
    year: fc.oneof(
      fc.integer({ min: 1, max: 9999 }),
      fc.integer({ min: 10_000, max: 294_275 }),
      fc.integer({ min: -4712, max: -1 }),
      fc.constantFrom(1, 9999, 10_000, 294_275, -1, -4712),
    ),
    month: fc.integer({ min: 1, max: 12 }),
    day: fc.integer({ min: 1, max: 28 }),
    ms: fc.integer({ min: 0, max: 999 }),
  })
  .map(({ year, month, day, ms }): Drawn => {
    const date = `${String(Math.abs(year)).padStart(4, '0')}-${two(month)}-${two(day)}`;
    const time = `00:00:00.${String(ms).padStart(3, '0')}`;
    const isSaid = year >= 1 && year <= 9999;
    const text = `${date} ${time}+00${year < 0 ? ' BC' : ''}`;
    return { text, said: isSaid ? { value: `${date}T${time}Z` } : 'unreadable' };
  });

export const moments: fc.Arbitrary<Drawn> = fc.oneof(
  calendar,
  fc
    .constantFrom('infinity', '-infinity', '294276-12-31 23:59:59.999999+00', '4714-11-24 00:00:00+00 BC')
    .map((text): Drawn => ({ text, said: 'unreadable' })),
);

/** Deadlines, where none is a value of its own. */
export const deadlines: fc.Arbitrary<Drawn> = moments.map((drawn) =>
  drawn.text === 'infinity' ? { text: 'infinity', said: { value: null } } : drawn,
);

const LARGEST = 2n ** 63n - 1n;
const SAFE = BigInt(Number.MAX_SAFE_INTEGER);

export const integers: fc.Arbitrary<Drawn> = fc
  .oneof(
    fc.bigInt({ min: -LARGEST - 1n, max: LARGEST }),
    fc.bigInt({ min: -1000n, max: 1000n }),
    fc.constantFrom(LARGEST, -LARGEST - 1n, SAFE, SAFE + 1n, -SAFE, -SAFE - 1n, 0n),
  )
  .map((value) => ({
    text: String(value),
    said: value <= SAFE && value >= -SAFE ? { value: Number(value) } : 'unreadable',
  }));

/** Every code point but NUL, which Postgres refuses. */
const strings = fc.string({ unit: 'binary' }).map((text) => text.replaceAll('\0', ''));
export const texts: fc.Arbitrary<Drawn> = fc
  .oneof(strings, fc.constantFrom('\u202e\u001b[31m', '', '😀'.repeat(10_000)))
  .map((text) => ({ text, said: { value: text } }));

export const uuids: fc.Arbitrary<Drawn> = fc
  .oneof(fc.uuid(), fc.constantFrom('00000000-0000-0000-0000-000000000000', 'ffffffff-ffff-ffff-ffff-ffffffffffff'))
  .map((text) => ({ text, said: { value: text } }));

const DEEP = 2_000;
/** JSON's own odd ones: too deep, too long, too large for a double, and the members that somebody reads. */
const json = fc.oneof(
  fc.json().map((text) => text.replaceAll('\\u0000', '')),
  fc.constantFrom('[', '{"message":').map((open) => `${open.repeat(DEEP)}0${(open === '[' ? ']' : '}').repeat(DEEP)}`),
  fc.constantFrom('1e400', `-${'9'.repeat(400)}`, '1e-400', 'null', '""', 'true', `"${'x'.repeat(3_000_000)}"`),
);
const object = fc
  .dictionary(fc.constantFrom('kind', 'message', 'error', 'attempt', 'retrying_at', 'retryable', 'other'), json)
  .map((members) => `{${Object.entries(members).map(([name, value]) => `"${name}":${value}`)}}`);
export const jsons: fc.Arbitrary<Drawn> = fc.oneof(json, object).map((text) => ({ text, said: 'bounded' }));

/** Is it something that JSON can say, and short? */
export function isBounded(value: unknown): boolean {
  if (typeof value === 'string') return [...value].length <= 500;
  if (typeof value === 'object' && value !== null) return Object.values(value).every(isBounded);
  return value === null || typeof value === 'boolean' || (typeof value === 'number' && Number.isFinite(value));
}
