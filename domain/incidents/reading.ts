/** What one reading of a chat says to its incident: trouble, well, or nothing. Pure. */
import type { Severity, Verdict } from '../diagnosis/diagnosis.ts';
import type { FindingCode } from '../diagnosis/rules.ts';

/** A finding, as far as an incident notes it. */
export interface NotedFinding {
  readonly code: FindingCode;
  readonly severity: Severity;
}

/** One reading of a chat that exists. */
export interface Reading {
  readonly chatId: string;
  readonly ownerId: string | null;
  /** Replica that the row names as owner. */
  readonly workerId: string | null;
  readonly executionState: string;
  readonly isArchived: boolean;
  /** False: the same turn would fail again. Null: not known, or nothing failed. */
  readonly isRetryable: boolean | null;
  readonly verdict: Verdict;
  readonly summary: string;
  /** Findings, worst first. The first is the root cause. */
  readonly findings: readonly NotedFinding[];
  /** True if the owner refuses to answer, because its version does not know all that is asked. */
  readonly isRefusedByVersion: boolean;
  /** Seconds for which every reading has said UNKNOWN. 0: this is the first, or it says something else. */
  readonly unknownSeconds: number;
  /** Seconds after which a lease is lost, where this chat lives. */
  readonly staleAfterSeconds: number;
}

/**
 * Word of a reading.
 *
 * - `trouble`: somebody has to act. `root` is the finding to name.
 * - `well`: nobody has to act, or only the person, who knows.
 * - `unclear`: it says nothing for or against an incident.
 */
export type Judged =
  | { readonly kind: 'trouble'; readonly root: NotedFinding }
  | { readonly kind: 'well' }
  | { readonly kind: 'unclear' };

const WELL: Judged = { kind: 'well' };
const UNCLEAR: Judged = { kind: 'unclear' };

/** Judges a reading. A refusal by version is nobody's trouble but the reader's, so it is unclear. */
export function judgeReading(reading: Reading): Judged {
  const [root] = reading.findings;
  if (reading.isArchived) return WELL;
  switch (reading.verdict) {
    case 'STUCK':
      return root ? { kind: 'trouble', root } : UNCLEAR;
    case 'FAILED':
      return root && failedForGood(reading) ? { kind: 'trouble', root } : WELL;
    case 'UNKNOWN':
      if (!root || root.code === 'STATUS_UNKNOWN' || reading.isRefusedByVersion) return UNCLEAR;
      return reading.unknownSeconds > reading.staleAfterSeconds ? { kind: 'trouble', root } : UNCLEAR;
    case 'IDLE':
    case 'WORKING':
    case 'WAITING':
      return WELL;
    default:
      return reading.verdict satisfies never;
  }
}

/** True for a failure that sending a message does not mend: messages wait behind it, or the same would fail again. */
const failedForGood = ({ executionState, isRetryable }: Reading) => executionState === 'E1' || isRetryable === false;
