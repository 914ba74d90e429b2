/** Sizes of the fleets: the argument, or the largest for which there is room. */
import { statfsSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { shown } from '../support/table.ts';

const LARGEST = [10_000_000, 3_000_000, 1_000_000, 300_000, 100_000];
/** Bytes of a chat and a message: some 400 with their indexes, and more for what Postgres writes besides. */
const BYTES_EACH = 1_000;
const BYTES_LEFT_FREE = 10e9;

interface Sizes {
  readonly large: number;
  /** A tenth of it. */
  readonly middle: number;
  /** Reason for the size, for the output. */
  readonly why: string;
}

/** @throws Error if the disk has no room for the size that is asked for, or for any */
export function sizesFor(asked: string | undefined): Sizes {
  const { bavail, bsize } = statfsSync(tmpdir());
  const free = bavail * bsize;
  // All fleets together have 1.1 times the chats of the largest.
  const mostRows = Math.max(0, free - BYTES_LEFT_FREE) / (1.1 * BYTES_EACH);
  const large = asked === undefined ? LARGEST.find((size) => size <= mostRows) : Number(asked);
  const room = `${shown(free / 1e9)} GB are free for temporary files`;
  if (large === undefined || large > mostRows) throw new Error(`${room}: too few, with 10 GB left free.`);
  if (!Number.isInteger(large / 10) || large < 100_000)
    throw new Error('The size is a number of chats, from 100,000 on.');
  const why = asked === undefined ? `the largest of the sizes for which that is enough` : 'as asked for';
  return { large, middle: large / 10, why: `${room}; ${shown(large)} chats and messages are ${why}.` };
}
