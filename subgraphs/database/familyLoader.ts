/** Children of many chats: one statement for each page that an operation asks for, whatever the number of parents. */
import DataLoader from 'dataloader';
import { type Readable, readableOwner } from './access.ts';
import { inPlace } from './inPlace.ts';
import { type ChildRow, type ChildrenPage, children } from './questions/children.ts';
import type { Reading } from './reading.ts';

export type ChildrenLoader = (page: ChildrenPage) => DataLoader<string, readonly ChildRow[]>;

/**
 * Makes the loader of one operation.
 * @param seen is told of each row
 */
export function makeChildrenLoader(
  reading: Reading,
  readable: Readable,
  seen: (row: ChildRow) => void,
): ChildrenLoader {
  const pages = new Map<string, DataLoader<string, readonly ChildRow[]>>();
  return (page) => {
    const key = JSON.stringify(page);
    const known = pages.get(key);
    if (known) return known;
    const made = new DataLoader<string, readonly ChildRow[]>(async (parentIds) => {
      const readableOf = readableOwner(readable);
      const rows = await reading.askApart('children', (tx, { platform }) =>
        children(tx, { ...page, platform, parentIds, readableOf }),
      );
      for (const row of rows) seen(row);
      return inPlace(parentIds, rows, (row) => row.childOf);
    });
    pages.set(key, made);
    return made;
  };
}
