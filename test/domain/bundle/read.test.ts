import { describe, expect, test } from '@jest/globals';
import { NoBundle, readBundle } from '../../../domain/bundle/read.ts';
import { bundleOf, healthy } from './support/bundles.ts';

const TEXT = JSON.stringify(bundleOf(healthy()), undefined, 2);
const changed = (changes: object) => JSON.stringify({ ...JSON.parse(TEXT), ...changes });

describe('the text of a bundle', () => {
  test('is read as it was written, also with a byte order mark and space around it', () => {
    expect(readBundle(`\ufeff\n${TEXT}\n\n`)).toEqual(bundleOf(healthy()));
  });

  test.each([
    ['', 'is empty'],
    ['why is it stuck?', 'is not JSON'],
    ['{ "format": nonsense }', 'is not JSON'],
    [TEXT.slice(0, TEXT.length / 2), 'is cut off'],
    ['[]', 'is JSON, but no bundle'],
    ['null', 'is JSON, but no bundle'],
    ['{}', 'is JSON, but no bundle'],
    [changed({ format: 7 }), 'is JSON, but no bundle'],
    [changed({ format: 'chat-debug-bundle/1x' }), 'is JSON, but no bundle'],
    [changed({ format: 'chat-debug-bundle/2' }), 'is a bundle of version 2, and version 1 alone is read here'],
    [changed({ snapshot: {} }), 'has the format of a bundle, but no chat in it'],
    [changed({ snapshot: 'none' }), 'has the format of a bundle, but no chat in it'],
  ])('is refused with the reason: %.40s', (text, reason) => {
    const read = () => readBundle(text);
    expect(read).toThrow(NoBundle);
    expect(read).toThrow(reason);
  });

  test('keeps nothing that the format does not know, and no name with a meaning of its own', () => {
    const read = readBundle(TEXT.replace('{', '{ "__proto__": { "polluted": true }, "notes": "canary",'));
    expect(read).toEqual(bundleOf(healthy()));
    expect(read).not.toHaveProperty('polluted');
  });

  test('may be nested deeper than any bundle', () => {
    const deep = `${'['.repeat(100_000)}${']'.repeat(100_000)}`;
    expect(readBundle(TEXT.replace('"replicas": null', `"replicas": ${deep}`)).replicas).toBeNull();
  });
});
