/** Changes from one bundle to another. Pure. */
import type { Finding } from '../diagnosis/diagnosis.ts';
import type { Bundle } from './format.ts';
import { judge } from './judge.ts';
import { traitsOf } from './traits.ts';

interface Change {
  readonly what: string;
  readonly before: string;
  readonly after: string;
}

export interface Changes {
  /** Seconds from the first to the second; negative for a second that is older. Null: not known. */
  readonly secondsLater: number | null;
  /** Reasons for which the two cannot be compared in full, as sentences. */
  readonly cautions: readonly string[];
  /** Events since the first, oldest first, where the history tells them. */
  readonly happened: readonly { readonly at: string; readonly what: string }[];
  readonly changed: readonly Change[];
  readonly unchanged: readonly string[];
  /** Findings of the second alone. */
  readonly came: readonly Finding[];
  /** Findings of the first alone. */
  readonly went: readonly Finding[];
  /** Findings of both that have become more or less severe, as in the second. */
  readonly weighed: readonly { readonly before: Finding; readonly after: Finding }[];
}

const UNKNOWN = '–';

export function changesBetween(first: Bundle, second: Bundle): Changes {
  const [before, after] = [traitsOf(first), traitsOf(second)];
  const names = [...new Set([...Object.keys(before), ...Object.keys(after)])];
  const pairs = names.map((what) => ({ what, before: before[what] ?? UNKNOWN, after: after[what] ?? UNKNOWN }));
  return {
    secondsLater: secondsBetween(first, second),
    cautions: cautionsOn(first, second),
    happened: happenedBetween(first, second),
    changed: pairs.filter((one) => one.before !== one.after),
    unchanged: pairs.filter((one) => one.before === one.after && one.after !== UNKNOWN).map(({ what }) => what),
    ...findingsOf(judge(first, 'owner').findings, judge(second, 'owner').findings),
  };
}

function findingsOf(before: readonly Finding[], after: readonly Finding[]) {
  const without = (some: readonly Finding[], others: readonly Finding[]) =>
    some.filter(({ code }) => !others.some((other) => other.code === code));
  const weighed = after.flatMap((now) => {
    const then = before.find(({ code }) => code === now.code);
    return then && then.severity !== now.severity ? [{ before: then, after: now }] : [];
  });
  return { came: without(after, before), went: without(before, after), weighed };
}

/** Events of the second with a version above the row's in the first. */
function happenedBetween(first: Bundle, second: Bundle): Changes['happened'] {
  const last = first.snapshot.database?.snapshotVersion ?? null;
  if (last === null || first.snapshot.chatId !== second.snapshot.chatId) return [];
  return (second.events ?? [])
    .filter(({ snapshotVersion }) => (snapshotVersion ?? 0) > last)
    .map(({ at, transitions, by, fromState, toState }) => ({
      at: at ?? 'at an unknown time',
      what: `${transitions?.join(', ') || 'a change'}${byText(by)}, ${fromState ?? 'new'} → ${toState ?? '?'}`,
    }))
    .reverse();
}

const byText = (by: string | null) => (by === null || by === 'UNKNOWN' ? '' : ` by ${by.toLowerCase()}`);

function secondsBetween(first: Bundle, second: Bundle): number | null {
  const [from, to] = [first, second].map((one) => Date.parse(momentOf(one) ?? ''));
  const seconds = ((to ?? Number.NaN) - (from ?? Number.NaN)) / 1000;
  return Number.isNaN(seconds) ? null : seconds;
}

/** Time of the reading by the database's clock, else by the terminal's. */
export const momentOf = ({ snapshot, takenAt }: Bundle): string | null => snapshot.takenAt ?? takenAt;

function cautionsOn(first: Bundle, second: Bundle): string[] {
  const seconds = secondsBetween(first, second);
  const isOther = first.snapshot.chatId !== second.snapshot.chatId;
  const isHidden = first.anonymous === true || second.anonymous === true;
  return [
    isOther && !isHidden && 'These are two chats: what differs has not changed.',
    isOther &&
      isHidden &&
      'The ids of the two do not match: one is anonymous, or another salt was used, or they are two chats.',
    seconds !== null && seconds < 0 && 'The second is older than the first.',
    JSON.stringify(first.thresholds) !== JSON.stringify(second.thresholds) && 'The thresholds differ.',
  ].filter((caution) => caution !== false);
}
