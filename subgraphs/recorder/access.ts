/** Rights to read incidents. What a caller may not read looks exactly like what does not exist. */
import { randomUUID } from 'node:crypto';
import { parseUuid } from '../../common/uuid.ts';
import type { FindingCode } from '../../domain/diagnosis/rules.ts';
import { type Caller, mayReadAll } from '../../server/tokens/internalToken.ts';

/**
 * Owner that no chat has: for a caller whose `sub` is no id. It is new in each process, since an id that is written down
 * may stand in a row: zeros stand for nobody on some platforms.
 */
const NOBODY = randomUUID();

/** Owner whose incidents the caller may read. Null: everybody's. */
export const ownerOfReadable = (caller: Caller): string | null =>
  mayReadAll(caller) ? null : (parseUuid(caller.sub) ?? NOBODY);

/** Summaries without ids, for codes whose words name another replica, or a chat that may be another person's. */
const WITHOUT_IDS: ReadonlyMap<string, string> = new Map<FindingCode, string>([
  ['RUNNER_ELSEWHERE', 'A replica that does not own it works on it; an operator should look.'],
  ['CHILD_LOST', 'It may wait for a child that will not answer; an operator should look.'],
]);

/** Summary of an incident that the caller may read, as far as its words are the caller's to read. */
export const readableSummary = (
  caller: Caller,
  { code, summary }: { readonly code: string; readonly summary: string },
): string => (mayReadAll(caller) ? summary : (WITHOUT_IDS.get(code) ?? summary));
