import { randomUUID } from 'node:crypto';
import { describe, expect, test } from '@jest/globals';
import fc from 'fast-check';
import { parseValue, valueFromAST } from 'graphql';
import { parseUuid } from '../../../common/uuid.ts';
import { requireUuid, scalars } from '../../../server/graphql/scalars.ts';

describe('an id', () => {
  test('in any case is the same id, in lower case', () => {
    fc.assert(
      fc.property(fc.uuid(), fc.func(fc.boolean()), (id, upper) => {
        const mixed = [...id].map((character) => (upper(character) ? character.toUpperCase() : character)).join('');
        expect(parseUuid(mixed)).toBe(id);
        expect(scalars.UUID.parseValue(mixed)).toBe(id);
        expect(valueFromAST(parseValue(`"${mixed}"`), scalars.UUID)).toBe(id);
        expect(scalars.UUID.serialize(mixed)).toBe(id);
      }),
    );
  });

  test('need not have a version that RFC 9562 knows', () => {
    expect(parseUuid('00000000-0000-0000-0000-000000000000')).toBeDefined();
    expect(parseUuid('ffffffff-ffff-ffff-ffff-ffffffffffff')).toBeDefined();
  });

  test.each([
    '',
    'g0000000-0000-0000-0000-000000000000',
    '{00000000-0000-0000-0000-000000000000}',
    '{00000000-0000-0000-0000-000000000000',
    '00000000000000000000000000000000',
    ' 00000000-0000-0000-0000-000000000000',
    '00000000-0000-0000-0000-000000000000\n',
    '00000000-0000-0000-0000-0000000000000',
    'urn:uuid:00000000-0000-0000-0000-000000000000',
    7,
    null,
    undefined,
    ['00000000-0000-0000-0000-000000000000'],
    { toString: () => '00000000-0000-0000-0000-000000000000' },
  ])('is not %j', (value) => {
    expect(parseUuid(value)).toBeUndefined();
    const refusal = expect.objectContaining({ extensions: { code: 'BAD_USER_INPUT' } });
    expect(() => requireUuid(value)).toThrow(refusal);
  });

  test('that is wrong is shown, but not all of a long one', () => {
    expect(() => requireUuid('abc')).toThrow('Received "abc".');
    expect(() => requireUuid('x'.repeat(10_000))).toThrow(/^.{0,250}$/);
    const deep = JSON.parse(`${'['.repeat(20_000)}${']'.repeat(20_000)}`);
    expect(() => requireUuid(deep)).toThrow('Received a value that is nested too deep.');
  });

  test('is never answered wrong', () => {
    expect(() => scalars.UUID.serialize('no id')).toThrow(TypeError);
    expect(scalars.UUID.serialize(randomUUID().toUpperCase())).toMatch(/^[0-9a-f-]{36}$/);
  });
});
