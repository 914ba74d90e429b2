/** Whether an action took its findings away, by looks at the chat afterwards. Pure. */
import type { FindingCode } from '../diagnosis/rules.ts';
import { EXECUTION_STATES } from '../executionState.ts';
import type { ChatAction } from './names.ts';
import { ACTION_RULES } from './offers.ts';

/** Milliseconds that an action waits for a look at what was found before it. */
export const LOOKED_BEFORE_MS = 2_000;
/** Seconds after the action in which it is looked whether its findings go away. */
const LOOKED_SECONDS = 30;
/** Seconds after which nobody tries to look any more, if no look was answered. */
export const TRIED_SECONDS = 600;
/** Looks in a row that must find nothing left: a turn that is begun anew may fail again at once. */
const LOOKS_WITHOUT = 2;

export const RESOLUTIONS = ['YES', 'NO', 'UNKNOWN'] as const;
export type Resolution = (typeof RESOLUTIONS)[number];

/** An action that was done, as its record tells. */
export interface Done {
  readonly action: ChatAction;
  /** Findings that the caller acted on; none: it named none. */
  readonly findings: readonly string[];
  /** State before. Null: not known. */
  readonly before: string | null;
  /** Version of the chat's row that the action made. Null or undefined: not known. */
  readonly versionAfter?: number | null;
}

/** Findings that are to be gone: those that the caller acted on, or else all that the action answers in that state. */
export function awaited({ action, findings, before }: Done): readonly string[] {
  if (findings.length > 0) return findings;
  const state = EXECUTION_STATES.find((one) => one === before);
  if (!state) return [];
  return ACTION_RULES[action].answers({
    state,
    workerId: null,
    runnerId: null,
    queueDepth: state.endsWith('1') ? 1 : 0,
  });
}

/** What one look at a chat found. Null: the chat is gone. */
export type Seen = {
  readonly verdict: string;
  readonly codes: readonly string[];
  /** Version of the row that was looked at. Null or undefined: not known. */
  readonly version?: number | null;
} | null;

/** True for a look at an older row than this version, as a standby shows that is behind. */
const isOlder = (seen: Seen, version: number | null | undefined): boolean =>
  (seen?.version ?? Number.POSITIVE_INFINITY) < (version ?? Number.NEGATIVE_INFINITY);

/**
 * True if a look before the action showed none of the findings that the caller names.
 * @param seen undefined: nobody could look
 * @param version that the caller has looked at; null: not known
 */
export const hadNone = (findings: readonly string[], seen: Seen | undefined, version: number | null = null): boolean =>
  seen !== undefined &&
  seen !== null &&
  !isOlder(seen, version) &&
  seen.verdict !== 'UNKNOWN' &&
  findings.length > 0 &&
  !findings.some((code) => seen.codes.includes(code));

/** What the looks at one chat have shown so far. */
export interface Looks {
  /** Looks in a row, up to the last, that found nothing left. */
  readonly without: number;
  /** What the last one that could tell found left. Undefined: none could tell. */
  readonly left: readonly string[] | undefined;
}

export const NO_LOOKS: Looks = { without: 0, left: undefined };

/**
 * Takes a look into account. One that does not know all counts only if it finds something left, and one at the row from
 * before the action not at all.
 */
export function looked(looks: Looks, done: Done, seen: Seen): Looks {
  if (isOlder(seen, done.versionAfter)) return looks;
  const left = awaited(done).filter((code) => seen?.codes.includes(code as FindingCode));
  if (left.length > 0) return { without: 0, left };
  return seen?.verdict === 'UNKNOWN' ? looks : { without: looks.without + 1, left };
}

/** What came of it. @returns undefined: it is to be looked at again */
export function resolutionOf({ without, left }: Looks, ageSeconds: number): Resolution | undefined {
  if (without >= LOOKS_WITHOUT) return 'YES';
  if (ageSeconds < LOOKED_SECONDS) return undefined;
  if (left) return left.length > 0 ? 'NO' : 'YES';
  return ageSeconds < TRIED_SECONDS ? undefined : 'UNKNOWN';
}
