import { describe, expect, test } from '@jest/globals';
import fc from 'fast-check';
import { printable, printableJson, printableLine } from '../../cli/printable.ts';

/** Whatever a terminal obeys, or does not show: controls, halves of pairs, format characters, separators of lines. */
const ACTS = /(?!\n)[\p{Cc}\p{Cs}\p{Cf}\p{Zl}\p{Zp}\p{Default_Ignorable_Code_Point}]/u;
const anyText = fc.string({ unit: 'binary' });
const loneHalves = fc.array(fc.integer({ min: 0, max: 0xffff })).map((units) => String.fromCharCode(...units));

describe('what a terminal is given', () => {
  test('holds nothing that acts on it, whatever the text', () => {
    fc.assert(
      fc.property(fc.oneof(anyText, loneHalves), (text) => {
        expect(printable(text).replaceAll('\t', '')).not.toMatch(ACTS);
        expect(printableLine(text, 20)).not.toMatch(/[\n\t]/);
        expect(printableLine(text, 20)).not.toMatch(ACTS);
      }),
    );
  });

  test.each([
    ['a right-to-left override', 'invoice\u202egpj.exe', 'invoicegpj.exe'],
    ['an isolate', 'a\u2067b\u2069c', 'abc'],
    ['a space of no width', 'pay\u200bpal\ufeff', 'paypal'],
    ['a tag', 'a\u{e0041}b', 'ab'],
    ['a filler', 'a\u3164b', 'ab'],
    ['half of a pair', 'a\ud83db', 'ab'],
    ['separators', 'a\u2028b\u2029c', 'a\nb\nc'],
    ['an escape', '\u001b[2J\u009b31mred', '[2J31mred'],
    ['marks without end', `e${'\u0301'.repeat(500)}`, `e${'\u0301'.repeat(8)}`],
  ])('%s does nothing', (_, text, shown) => {
    expect(printable(text)).toBe(shown);
  });

  test.each(['日本語 Ελληνικά Кириллица', 'שלום', 'नमस्ते', '😀 e\u0301', 'a\tb\nc'])('%j stays as it is', (text) => {
    expect(printable(text)).toBe(text);
  });

  test('a line that is too long is cut, and says how long it was', () => {
    expect(printableLine('x'.repeat(3_000_000), 10)).toBe('xxxxxxxxxx… (cut, of 3000000 characters)');
    expect(printableLine('x'.repeat(10), 10)).toBe('xxxxxxxxxx');
    expect(printableLine(`${'x'.repeat(9)}😀`, 10)).toBe(`${'x'.repeat(9)}… (cut, of 11 characters)`);
  });
});

test('JSON means the same, and holds escapes in place of what acts', () => {
  fc.assert(
    fc.property(fc.oneof(anyText, loneHalves), (text) => {
      const json = printableJson(JSON.stringify({ [text]: [text] }, undefined, 2));
      expect(json).not.toMatch(ACTS);
      expect(JSON.parse(json)).toEqual({ [text]: [text] });
    }),
  );
});
