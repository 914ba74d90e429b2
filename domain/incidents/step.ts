/** What a reading does to a chat's incident. Pure: ages come with the data. */
import type { Severity, Verdict } from '../diagnosis/diagnosis.ts';
import type { FindingCode } from '../diagnosis/rules.ts';
import { judgeReading, type NotedFinding, type Reading } from './reading.ts';

const CLOSE_REASONS = ['WELL', 'ARCHIVED', 'DELETED'] as const;
type CloseReason = (typeof CLOSE_REASONS)[number];

/** Reasons for which a bundle is stored. An incident keeps the newest bundle of each. */
export const BUNDLE_REASONS = ['OPENED', 'CODE_CHANGED', 'CLOSING'] as const;
export type BundleReason = (typeof BUNDLE_REASONS)[number];

/** Seconds after closing in which new trouble belongs to the same incident. */
const REOPENED_WITHIN_SECONDS = 60;
/** Well readings in a row that close an incident. */
const WELL_READINGS = 2;
/** Owners that an incident names at most. */
const MOST_WORKERS = 20;

/** Content of an incident, as the last reading in trouble left it. */
export interface Noted {
  /** Root code of that reading. */
  readonly code: FindingCode;
  readonly severity: Severity;
  readonly verdict: Verdict;
  readonly summary: string;
  /** Root codes that the incident has had, in the order in which they came first. */
  readonly codes: readonly FindingCode[];
  /** Owners of the chat meanwhile, in the order in which they came first, at most 20. */
  readonly workerIds: readonly string[];
}

/** Newest incident of a chat. */
export interface Incident extends Noted {
  /** Well readings in a row so far. */
  readonly wellReadings: number;
  /** Seconds since it was closed; negative if the clock was set back since. Null: it is open. */
  readonly secondsClosed: number | null;
}

/**
 * Next step of an incident.
 *
 * - `none`: nothing is to be written.
 * - `open`: a new incident begins.
 * - `note`: an incident goes on, or goes on again after it was closed.
 * - `wellOnce`: the trouble is over, for the first time.
 * - `close`: the incident ends.
 */
export type Step =
  | { readonly kind: 'none' }
  | { readonly kind: 'open'; readonly noted: Noted }
  | { readonly kind: 'note'; readonly noted: Noted; readonly reopens: boolean; readonly codeChanged: boolean }
  | { readonly kind: 'wellOnce' }
  | { readonly kind: 'close'; readonly reason: CloseReason };

const NONE: Step = { kind: 'none' };

/**
 * Decides the step.
 * @param incident newest one of the chat; undefined: there is none
 * @param reading null: the chat does not exist any more
 */
export function stepOf(incident: Incident | undefined, reading: Reading | null): Step {
  const isOpen = incident?.secondsClosed === null;
  if (!reading) return isOpen ? { kind: 'close', reason: 'DELETED' } : NONE;
  const judged = judgeReading(reading);
  switch (judged.kind) {
    case 'unclear':
      return NONE;
    case 'well':
      return isOpen ? wellStep(incident, reading) : NONE;
    case 'trouble':
      return incident && goesOn(incident)
        ? noteStep(incident, reading, judged.root)
        : { kind: 'open', noted: notedOf(undefined, reading, judged.root) };
    default:
      return judged satisfies never;
  }
}

/** Bundles of an incident, as far as the next one goes by them. */
export interface BundlesSoFar {
  /** True if one is stored. */
  readonly isBundled: boolean;
  /** Reason of one that should be stored, and could not be taken. Null: none is owed. */
  readonly bundleOwed: BundleReason | null;
}

/**
 * Reason for which the whole bundle is stored with a step. Undefined: none is.
 * One that is owed is taken late. The bundle of an end that did not come is owed no more.
 */
export function bundleReasonOf(step: Step, { isBundled, bundleOwed }: BundlesSoFar): BundleReason | undefined {
  switch (step.kind) {
    case 'open':
      return 'OPENED';
    case 'note':
      if (step.codeChanged) return 'CODE_CHANGED';
      if (bundleOwed !== 'CLOSING') return bundleOwed ?? undefined;
      return isBundled ? undefined : 'OPENED';
    case 'wellOnce':
      return 'CLOSING';
    case 'close':
      return step.reason !== 'DELETED' && bundleOwed === 'CLOSING' ? 'CLOSING' : undefined;
    case 'none':
      return undefined;
    default:
      return step satisfies never;
  }
}

function wellStep({ wellReadings }: Incident, { isArchived }: Reading): Step {
  if (wellReadings + 1 < WELL_READINGS) return { kind: 'wellOnce' };
  return { kind: 'close', reason: isArchived ? 'ARCHIVED' : 'WELL' };
}

/** True for an open incident, and for one that has just ended. If the clock was set back, its end may lie ahead. */
const goesOn = ({ secondsClosed }: Incident) =>
  secondsClosed === null || Math.abs(secondsClosed) <= REOPENED_WITHIN_SECONDS;

const noteStep = (incident: Incident, reading: Reading, root: NotedFinding): Step => ({
  kind: 'note',
  noted: notedOf(incident, reading, root),
  reopens: incident.secondsClosed !== null,
  codeChanged: incident.code !== root.code,
});

const notedOf = (before: Noted | undefined, { verdict, summary, workerId }: Reading, root: NotedFinding): Noted => ({
  ...{ code: root.code, severity: root.severity, verdict, summary },
  codes: [...new Set([...(before?.codes ?? []), root.code])],
  workerIds: [...new Set([...(before?.workerIds ?? []), ...(workerId === null ? [] : [workerId])])].slice(
    0,
    MOST_WORKERS,
  ),
});
