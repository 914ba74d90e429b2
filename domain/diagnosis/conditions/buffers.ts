/** Conditions on the message buffers of the owner. */
import { over, type Situation } from '../situation.ts';
import type { Condition } from './time.ts';

const buffers = ({ runtime, owner }: Situation) =>
  (owner === 'OK' ? (runtime?.value.messageBuffers ?? []) : []).map((value, i) => ({
    ...{ value, path: `${runtime?.path}.messageBuffers[${i}]` },
  }));
const same = (a: number | null | undefined, b: number | null | undefined) => typeof a === 'number' && a === b;
const maybeSame = (a: number | null, b: number | null) => a === null || b === null || a === b;

/** Paths of the current episode's buffers that were too small. */
export const fullBuffers = (s: Situation): string[] =>
  buffers(s).flatMap(({ value, path }) => {
    const current =
      same(value.historyVersion, s.database?.historyVersion) &&
      same(value.generationAttempt, s.database?.generationAttempt);
    return current && over(value.partsDropped, 0) ? [path] : [];
  });
export const bufferFull: Condition = (s) => fullBuffers(s).length > 0;

/** Kinds of tasks that do not stream. */
const SILENT_KINDS: readonly (string | null)[] = ['INTERRUPT', 'REQUIRES_ACTION_TIMEOUT', 'ABANDON'];

/** True if a runner does not tell its tasks: it has none, and does not say since when either. */
const tasksNotKnown = ({ value: { tasks, idleSeconds } }: Situation['runners'][number]) =>
  tasks === null || (tasks.length === 0 && idleSeconds === null);

/** Paths of open buffers that no unfinished task of any runner writes to. Empty unless all tasks are known. */
export function orphanedBuffers(s: Situation): string[] {
  if (s.runners.some(tasksNotKnown)) return [];
  const tasks = s.runners.flatMap(({ value }) => value.tasks ?? []);
  return buffers(s).flatMap(({ value, path }) => {
    const { historyVersion, generationAttempt, isClosed } = value;
    const written = tasks.some(
      (task) =>
        !SILENT_KINDS.includes(task.kind) &&
        maybeSame(task.historyVersion, historyVersion) &&
        maybeSame(task.attempt, generationAttempt),
    );
    return isClosed === false && historyVersion !== null && !written ? [path] : [];
  });
}
export const bufferOrphaned: Condition = (s) => orphanedBuffers(s).length > 0;
