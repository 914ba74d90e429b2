/**
 * The release of Coder that a deployment runs, as far as thresholds depend on it: by setting, or by its replicas. Pure.
 */

/** The day on which leases were shortened, and the first monthly release after it. */
const SHORTENED_ON = '2026-09-15';
const SHORTENED_IN: readonly [number, number] = [2, 38];

/** Form of `CODER_RELEASE`: a version, or the day of a build. */
export const CODER_RELEASE_FORM = /^(v?\d+\.\d+(\.\d+)?|\d{4}-\d\d-\d\d)$/;

/** @param release a version with or without a suffix, or a day */
export function isBeforeShortening(release: string): boolean {
  if (/^\d{4}-/.test(release)) return release < SHORTENED_ON;
  const [major = 0, minor = 0] = release
    .replace(/^v/, '')
    .split('.')
    .map((part) => Number.parseInt(part, 10));
  return major < SHORTENED_IN[0] || (major === SHORTENED_IN[0] && minor < SHORTENED_IN[1]);
}

export interface ChosenRelease {
  /** Name of the release, as written where it was found; undefined: the newest that is known. */
  readonly name: string | undefined;
  /**
   * Source of the name. `SETTING`: CODER_RELEASE. `REPLICAS`: the oldest release of a live replica. `NEWEST`: nothing
   * tells.
   */
  readonly from: 'SETTING' | 'REPLICAS' | 'NEWEST';
  /** Release of a live replica whose thresholds differ from those of the setting. */
  readonly contradictedBy: string | undefined;
}

/**
 * Chooses the release whose thresholds count: the setting, else the oldest that runs.
 * During an upgrade the oldest release has the longest leases; shorter thresholds would call them lost too early.
 * @param set the value of `CODER_RELEASE`
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

/** Numeric version at the start of a text. A build without one, v0.0.0, says nothing. */
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

/** True for a build between two releases, which may have the thresholds of either. */
const isUnreleased = (version: string): boolean => version.includes('-devel');

/** Sentence on where the thresholds come from. */
export function releaseInWords({ name, from }: ChosenRelease): string {
  if (from === 'SETTING') return `Thresholds are those of release ${name}, as CODER_RELEASE says.`;
  if (from === 'REPLICAS') return `Thresholds are those of release ${name}, the oldest that a live replica runs.`;
  return (
    'Thresholds are those of the newest release: no live replica names its own. ' +
    'Set CODER_RELEASE if it is from before 15 September 2026.'
  );
}

/** Sentence on a contradiction; undefined: there is none. */
export const contradictionInWords = ({ name, contradictedBy }: ChosenRelease): string | undefined =>
  contradictedBy === undefined
    ? undefined
    : `CODER_RELEASE is ${name}, and a live replica runs ${contradictedBy}, which has other thresholds. Correct CODER_RELEASE, or unset it.`;
