/**
 * A process that fills its heap like a busy gateway: some data stays, and all else grows just old. It writes the most
 * that was old, in MB.
 */
import { setImmediate } from 'node:timers/promises';
import { getHeapSpaceStatistics } from 'node:v8';
import { limitHeapGrowth } from '../../gateway/heapGrowth.ts';

const TURNS = 10_000;
const EACH = 300;
const HELD = 100_000;

limitHeapGrowth();
const make = (i: number) => ({ i, below: { values: [i, i] } });
const kept = Array.from({ length: 200_000 }, (_, i) => make(i));
const held: object[] = [];
let mostBytes = 0;
for (let turn = 0; turn < TURNS; turn += 1) {
  for (let i = 0; i < EACH; i += 1) held[(turn * EACH + i) % HELD] = make(i);
  await setImmediate();
  const old = getHeapSpaceStatistics().find(({ space_name: name }) => name === 'old_space');
  mostBytes = Math.max(mostBytes, old?.space_used_size ?? Number.NaN);
}
process.stdout.write(JSON.stringify({ kept: kept.length, held: held.length, mostOldMb: mostBytes / 1_000_000 }));
