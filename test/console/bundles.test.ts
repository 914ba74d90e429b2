/** Files of bundles that were opened in a page. */
import { expect, test } from '@jest/globals';
import { files, openFile } from '../../console/data/bundles.ts';

test('keep the places by which addresses name them, however many are opened', async () => {
  const open = (i: number) => openFile(new File(['{}'], `file ${i}`));
  const places: number[] = [];
  for (let i = 0; i < 14; i += 1) places.push(await open(i));
  expect(new Set(places).size).toBe(14);
  const names = places.map((place) => files.value[place]?.name);
  expect(names.slice(-10)).toEqual(Array.from({ length: 10 }, (_, i) => `file ${i + 4}`));
  expect(names.slice(0, 4)).toEqual([undefined, undefined, undefined, undefined]);
});
