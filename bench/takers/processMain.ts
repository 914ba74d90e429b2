/** A process that takes. Its parent says what, when to begin, and when to stop and hand over its notes. */
import { systemClock } from '../../common/clock.ts';
import { takers } from './all.ts';
import type { Stop, TakeOptions } from './taker.ts';

/** Command from the parent. */
export type Command =
  | ({ readonly kind: 'take'; readonly taker: string } & Omit<TakeOptions, 'onTaken'>)
  | { readonly kind: 'stop' };

/** Milliseconds since 1970, to the microsecond, by the id of what was taken. */
export type Notes = readonly (readonly [id: string, takenAt: number])[];

let notes: [string, number][] = [];
let stop: Stop | undefined;

process.on('message', (command: Command) => void obey(command).then((answer) => process.send?.(answer)));
process.on('disconnect', () => process.exit(0));
process.send?.([]);

async function obey(command: Command): Promise<Notes> {
  if (command.kind === 'take') {
    const onTaken = (id: string) => notes.push([id, performance.timeOrigin + systemClock.monotonicMs()]);
    stop = await takers.get(command.taker)?.take({ ...command, onTaken });
    return [];
  }
  await stop?.();
  const taken = notes;
  notes = [];
  return taken;
}
