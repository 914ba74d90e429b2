/** What people are told of what a database lacks. Pure. */
import { type Lack, nameOf, type Why } from './lacks.ts';

const MOST_NAMED = 5;
const MOST_COSTS = 6;

const quoted = (names: readonly string[]) => names.map((name) => `\`${name}\``).join(', ');

/** The first names, and how many there are beside them. */
function named(names: readonly string[], most: number, say: (some: readonly string[]) => string): string {
  const more = names.length > most ? ` and ${names.length - most} more` : '';
  return `${say(names.slice(0, most))}${more}`;
}

const REASON: Readonly<Record<Why, (names: string) => string>> = {
  MISSING: (names) => `The database lacks ${names}, which this service reads.`,
  NO_RIGHT: (names) => `The database does not let this service read ${names}.`,
  TYPE: (names) => `The database has ${names} with a type that this service does not read.`,
  HIDDEN: (names) => `Policies of ${names} hide rows from this service.`,
};
const ADVICE: Readonly<Record<Why, string>> = {
  MISSING: 'Run `npm run migrate`, or give it such tables.',
  NO_RIGHT: 'Grant its user SELECT on them.',
  TYPE: 'Give the service a view with the type that `npm run check` names.',
  HIDDEN: 'Make a policy that lets its user read every row, or give it BYPASSRLS.',
};
const ORDER: readonly Why[] = ['MISSING', 'NO_RIGHT', 'TYPE', 'HIDDEN'];

const byWhy = (lacks: readonly Lack[]) =>
  ORDER.map((why) => ({ why, names: lacks.filter((lack) => lack.why === why).map(nameOf) })).filter(
    ({ names }) => names.length > 0,
  );

/** A sentence for each reason. */
export const reasonsOf = (lacks: readonly Lack[]): string[] =>
  byWhy(lacks).map(({ why, names }) => REASON[why](named(names, MOST_NAMED, quoted)));

/** The same with what to do. */
export const lacksInWords = (lacks: readonly Lack[]): string =>
  byWhy(lacks)
    .map(({ why, names }) => `${REASON[why](named(names, MOST_NAMED, quoted))} ${ADVICE[why]}`)
    .join(' ');

/** What is not answered, for readiness: a line for each reason. Undefined: everything is. */
export function partlyReady(lacks: readonly Lack[]): string | undefined {
  if (lacks.length === 0) return undefined;
  const costs = [...new Set(lacks.flatMap((lack) => lack.costs))];
  const list = named(costs, MOST_COSTS, (some) => some.join(', '));
  return [...reasonsOf(lacks), `Not answered for that: ${list}.`].join('\n');
}
