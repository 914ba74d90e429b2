/** Which release of Coder a deployment runs, as far as its thresholds go: what is set, what its replicas say. Pure. */

/** The day on which leases were shortened, and the first release after it by the calendar: there is one each month. */
const SHORTENED_ON = '2026-09-15';
const SHORTENED_IN: readonly [number, number] = [2, 38];

/** As `CODER_RELEASE` says it: a version, or the day of a build. */
export const CODER_RELEASE_FORM = /^(v?\d+\.\d+(\.\d+)?|\d{4}-\d\d-\d\d)$/;

/** @param release a version, whatever follows its number, or a day */
export function isBeforeShortening(release: string): boolean {
  if (/^\d{4}-/.test(release)) return release < SHORTENED_ON;
  const [major = 0, minor = 0] = release
    .replace(/^v/, '')
    .split('.')
    .map((part) => Number.parseInt(part, 10));
  return major < SHORTENED_IN[0] || (major === SHORTENED_IN[0] && minor < SHORTENED_IN[1]);
}

export interface ChosenRelease {
  /** As it is written where it was found. Undefined: the newest that is known. */
  readonly name: string | undefined;
  /** `SETTING`: CODER_RELEASE; `REPLICAS`: the oldest that a live replica runs; `NEWEST`: nothing says it. */
  readonly from: 'SETTING' | 'REPLICAS' | 'NEWEST';
  /** A release that a live replica runs, and that has other thresholds than the one that is set. */
  readonly contradictedBy: string | undefined;
}

/**
 * The oldest that runs decides: while releases are changed its leases live longest, and would be held for lost too early.
 * @param set as `CODER_RELEASE` says it
 * @param versions of live replicas, as they write them
 */
export function chosenRelease(set: string | undefined, versions: readonly string[]): ChosenRelease {
  const oldest = oldestOf(versions);
  if (set === undefined) {
    return { name: oldest, from: oldest === undefined ? 'NEWEST' : 'REPLICAS', contradictedBy: undefined };
  }
  const differs =
    oldest !== undefined && !isUnreleased(oldest) && isBeforeShortening(oldest) !== isBeforeShortening(set);
  return { name: set, from: 'SETTING', contradictedBy: differs ? oldest : undefined };
}

/** What a version that is a number begins with; a build without one, v0.0.0, says nothing. */
const NUMBER = /^v?(\d{1,9})\.(\d{1,9})(?:\.(\d{1,9}))?(?![\d.])/;

function oldestOf(versions: readonly string[]): string | undefined {
  const read = versions.flatMap((version) => {
    const [, ...parts] = NUMBER.exec(version) ?? [];
    const numbers = parts.map((part = '0') => Number(part));
    return numbers.some((number) => number > 0) ? [{ version, numbers }] : [];
  });
  return read.sort((a, b) => compared(a.numbers, b.numbers))[0]?.version;
}

const compared = (a: readonly number[], b: readonly number[]): number => {
  const at = a.findIndex((number, i) => number !== b[i]);
  return at < 0 ? 0 : (a[at] ?? 0) - (b[at] ?? 0);
};

/** A build between two releases may have the thresholds of either. */
const isUnreleased = (version: string): boolean => version.includes('-devel');

/** A sentence on where the thresholds come from. */
export function releaseInWords({ name, from }: ChosenRelease): string {
  if (from === 'SETTING') return `Thresholds are those of release ${name}, as CODER_RELEASE says.`;
  if (from === 'REPLICAS') return `Thresholds are those of release ${name}, the oldest that a live replica runs.`;
  return (
    'Thresholds are those of the newest release: no live replica names its own. ' +
    'Set CODER_RELEASE if it is from before 15 September 2026.'
  );
}

/** Undefined: nothing contradicts it. */
export const contradictionInWords = ({ name, contradictedBy }: ChosenRelease): string | undefined =>
  contradictedBy === undefined
    ? undefined
    : `CODER_RELEASE is ${name}, and a live replica runs ${contradictedBy}, which has other thresholds. Correct CODER_RELEASE, or unset it.`;
