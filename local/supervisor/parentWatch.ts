import { readFileSync } from 'node:fs';
import type { Clock } from '../../common/clock.ts';

const LOOK_EVERY_MS = 1_000;

/** Resolves when npm, the parent of this process, is gone, or when `signal` aborts. */
export async function parentGone(clock: Clock, signal: AbortSignal): Promise<void> {
  const before = lineage();
  while (lineage() === before && !signal.aborted) await clock.sleep(LOOK_EVERY_MS, signal);
}

/**
 * Process ids of this process's parents. npm starts a script through a shell, and some shells live on when npm is
 * killed.
 */
function lineage(): string {
  const parent = process.ppid;
  const [name = '', grandparent = ''] = nameAndParent(parent);
  return name.endsWith('sh') ? `${parent} ${grandparent}` : `${parent}`;
}

function nameAndParent(pid: number): string[] {
  try {
    return /\((.*)\) \S (\d+) /s.exec(readFileSync(`/proc/${pid}/stat`, 'utf8'))?.slice(1) ?? [];
  } catch {
    return []; // gone, or a system without /proc: shells there replace themselves by what they start
  }
}
