/** A list without duplicates, and where each of its members stood. A fetch about many chats is mostly one without any. */
import type { Representation } from './ask/share.ts';

export interface Placed {
  readonly representation: Representation;
  /** Ascending. */
  readonly places: readonly number[];
}

export interface Distinct {
  add(representation: Representation, place: number): void;
  /** Members in the order in which they were first added. */
  readonly members: readonly Placed[];
}

/** Members about the same subject that are compared one by one. More are told apart by their text, at one cost for any number. */
const MAX_COMPARED = 8;

/** @param ignored fields that say nothing of what a representation is about; all are compared */
export function makeDistinct(ignored: readonly (string | undefined)[]): Distinct {
  type Growing = { representation: Representation; places: number[] };
  const members: Growing[] = [];
  const bySubject = new Map<string, Growing[]>();
  const byText = new Map<string, Growing>();
  const find = (representation: Representation): Growing => {
    const subject = subjectOf(representation, ignored);
    const compared = bySubject.get(subject) ?? [];
    const known = compared.find((other) => isSame(other.representation, representation));
    if (known) return known;
    const isCompared = compared.length < MAX_COMPARED;
    const text = isCompared ? '' : JSON.stringify(representation);
    const held = isCompared ? undefined : byText.get(text);
    if (held) return held;
    const added = { representation, places: [] };
    members.push(added);
    if (isCompared) bySubject.set(subject, [...compared, added]);
    else byText.set(text, added);
    return added;
  };
  return { add: (representation, place) => void find(representation).places.push(place), members };
}

/** Some text that differs between most representations. */
function subjectOf(representation: Representation, ignored: readonly (string | undefined)[]): string {
  for (const name of Object.keys(representation)) {
    const value = representation[name];
    if (typeof value === 'string' && !ignored.includes(name)) return value;
  }
  return '';
}

/** Compares as their texts would: fields in the same order count, as do the values below. */
function isSame(a: Representation, b: Representation): boolean {
  const names = Object.keys(a);
  const others = Object.keys(b);
  return (
    names.length === others.length &&
    names.every((name, i) => name === others[i] && (a[name] === b[name] || isSameText(a[name], b[name])))
  );
}

const isSameText = (a: unknown, b: unknown): boolean =>
  typeof a === 'object' && typeof b === 'object' && JSON.stringify(a) === JSON.stringify(b);
