/** Rest of a query for an earlier version, by `@since` alone. */
import { describe, expect, test } from '@jest/globals';
import { buildASTSchema, parse, print, validate } from 'graphql';
import { isOlder, queryFor } from '../../../routing/ask/since.ts';

const SDL = `
  directive @since(version: String!) on FIELD_DEFINITION
  type Query { things: [Thing!] }
  type Thing {
    id: ID!
    name(upper: Boolean): String @since(version: "0.3.0")
    weight: Float @since(version: "0.2.0")
    sure: Int! @since(version: "0.2.0")
    part: Part
    extra: Part @since(version: "0.2.0")
  }
  type Part { thing: Thing  size: Int @since(version: "0.2.0") }`;
const schema = buildASTSchema(parse(SDL), { assumeValid: true });
const text = (query: string) => print(parse(query));
const left = (query: string, version?: string) => queryFor(schema, query, version);

describe('a query for an earlier version', () => {
  test('lacks the fields that are newer, and no others', () => {
    const query = '{ things { id name weight part { size thing { name id } } } }';
    expect(left(query, '0.1.0')).toBe(text('{ things { id part { thing { id } } } }'));
    expect(left(query, '0.2.0')).toBe(text('{ things { id weight part { size thing { id } } } }'));
    expect(left(query, '0.2.0-rc.1')).toBe(left(query, '0.1.0'));
  });

  test('stays as it is, and so needs no second question, where it selects nothing newer, or nothing that may be null', () => {
    expect(left('{ things { id part { thing { id } } sure } }', '0.1.0')).toBeUndefined();
  });

  test.each([undefined, '1.4.2', '0.3.0', 'devel'])(
    'version %s, which refuses all the same, is asked for none of them',
    (version) => {
      expect(left('{ things { id name weight } }', version)).toBe(text('{ things { id } }'));
    },
  );

  test('is valid: no empty selection, no fragment or variable that is not used', () => {
    const query = `
      query Q($upper: Boolean, $all: Boolean!, $no: Boolean!) {
        things { ...Named  e: extra { ...Sized }  part @include(if: $all) { size }  weight @skip(if: $no) }
      }
      fragment Named on Thing { name(upper: $upper) }
      fragment Sized on Part { size thing { id } }`;
    const short = left(query, '0.1.0') ?? '';
    expect(short).toBe(
      text(`query Q($all: Boolean!) { things { ...Named part @include(if: $all) { __typename } } }
        fragment Named on Thing { __typename }`),
    );
    const older = SDL.replace(/ *(name|weight|sure|extra|size)[^\n}]*@since\(version: "[\d.]+"\)/g, '');
    expect(validate(buildASTSchema(parse(older)), parse(short))).toEqual([]);
  });
});

test.each([
  ['0.1.0', '0.2.0', true],
  ['0.2.0', '0.2.0', false],
  ['0.10.0', '0.9.9', false],
  ['0.2.0-rc.1', '0.2.0', true],
  ['0.2.0+build', '0.2.0', false],
  ['v2.25.1+a', '0.2.0', false],
  ['1.0.0', '0.99.0', false],
  ['', '0.2.0', true],
  ['devel', '0.2.0', true],
])('%s before %s: %s', (version, than, expected) => {
  expect(isOlder(version, than)).toBe(expected);
});
