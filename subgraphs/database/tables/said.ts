/** Words for what a database lacks. Pure. */
import { type Lack, nameOf, type Why } from './lacks.ts';

/** Names in one sentence: all tables of this project. */
const MOST_NAMED = 6;
const MOST_COSTS = 6;

const quoted = (names: readonly string[]) => names.map((name) => `\`${name}\``).join(', ');

/** First names, and the number of the others. */
function named(names: readonly string[], most: number, say: (some: readonly string[]) => string): string {
  const more = names.length > most ? ` and ${names.length - most} more` : '';
  return `${say(names.slice(0, most))}${more}`;
}

interface Said {
  readonly reason: (names: string) => string;
  readonly advice: string;
}

/** Words for columns, and for tables that were not looked for in other schemas. */
const SAID: Readonly<Record<Why, Said>> = {
  MISSING: {
    reason: (names) => `The database lacks ${names}, which this service reads.`,
    advice: 'Run `npm run migrate`, or give it such tables.',
  },
  NO_RIGHT: {
    reason: (names) => `The database does not let this service read ${names}.`,
    advice: 'Grant its user SELECT on them.',
  },
  TYPE: {
    reason: (names) => `The database has ${names} with a type that this service does not read.`,
    advice: 'Give the service a view with the type that `npm run check` names.',
  },
  HIDDEN: {
    reason: (names) => `Policies of ${names} hide rows from this service.`,
    advice: 'Make a policy that lets its user read every row, or give it BYPASSRLS.',
  },
};
const ORDER: readonly Why[] = ['MISSING', 'NO_RIGHT', 'TYPE', 'HIDDEN'];

/** Advice on another platform's database, which this project's migrations cannot mend. */
const LACKING_ELSEWHERE = 'Correct `DATABASE_URL`, or give the service a view that has them.';

function saidOf({ why, table, column, place, platform }: Lack): Said {
  if (why !== 'MISSING') return SAID[why];
  const advice = platform === 'own' ? SAID.MISSING.advice : LACKING_ELSEWHERE;
  if (column !== undefined || !place) return { ...SAID.MISSING, advice };
  if (place.elsewhere) return inSchema(place.elsewhere);
  if (table !== 'chats') return { ...SAID.MISSING, advice };
  const looked = `No schema that this service looks at has it (${place.path || 'there is none'}).`;
  const made = platform === 'own' ? ' Tables of this project are made by `npm run migrate`.' : '';
  return { ...SAID.MISSING, advice: `${looked} Correct \`DATABASE_URL\`.${made}` };
}

const inSchema = ({ schema, mayEnter }: { readonly schema: string; readonly mayEnter: boolean }): Said =>
  mayEnter
    ? {
        reason: (names) =>
          `The database has ${names} in the schema \`${schema}\`, which this service does not look at.`,
        advice: `End \`DATABASE_URL\` with \`?options=-c%20search_path%3D${encodeURIComponent(schema)}\`.`,
      }
    : {
        reason: (names) => `The database does not let this service enter the schema \`${schema}\`, which has ${names}.`,
        advice: 'Grant its user USAGE on the schema.',
      };

/** Sentences with their advice. Lacks with the same words share one. */
function told(lacks: readonly Lack[]): { readonly reason: string; readonly advice: string }[] {
  const alike = new Map<string, { said: Said; names: string[] }>();
  for (const lack of [...lacks].sort((a, b) => ORDER.indexOf(a.why) - ORDER.indexOf(b.why))) {
    const said = saidOf(lack);
    const key = `${said.reason('')}${said.advice}`;
    const { names } = alike.get(key) ?? { names: [] };
    alike.set(key, { said, names: [...names, nameOf(lack)] });
  }
  return [...alike.values()].map(({ said, names }) => ({
    reason: said.reason(named(names, MOST_NAMED, quoted)),
    advice: said.advice,
  }));
}

/** Sentence for each reason. */
export const reasonsOf = (lacks: readonly Lack[]): string[] => told(lacks).map(({ reason }) => reason);

/** Sentences with advice. */
export const lacksInWords = (lacks: readonly Lack[]): string =>
  told(lacks)
    .map(({ reason, advice }) => `${reason} ${advice}`)
    .join(' ');

/** Unanswered parts, for readiness, a line for each reason; undefined: everything is answered. */
export function partlyReady(lacks: readonly Lack[]): string | undefined {
  if (lacks.length === 0) return undefined;
  const costs = [...new Set(lacks.flatMap((lack) => lack.costs))];
  const list = named(costs, MOST_COSTS, (some) => some.join(', '));
  return [...reasonsOf(lacks), `Not answered for that: ${list}.`].join('\n');
}
