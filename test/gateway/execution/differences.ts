/** Random queries, answered by the executor over subgraphs of every kind, and by the specification. */
import fc from 'fast-check';
import { parse, validate } from 'graphql';
import { isObject } from '../../../common/json.ts';
import { placeErrors, unexplainedBy } from '../../../gateway/execution/errorPlaces.ts';
import { loadSupergraph } from '../../support/loadSupergraph.ts';
import { composed } from './composed.ts';
import { answerOf } from './ours.ts';
import { OWN_SUBGRAPHS } from './ownSubgraphs.ts';
import { randomQuery, VARIABLES } from './queries.ts';
import { readRules } from './rules.ts';
import type { Path } from './specification.ts';
import { SUPERGRAPHS } from './supergraphs.ts';
import { type Fault, makeWorld, type WorldOptions } from './world.ts';

const fails: Fault = (draw) => {
  if (draw(100) < 6) throw new Error('No');
  return undefined;
};
/**
 * Values of each kind of JSON, and numbers beyond 32 bits. An empty object is none, since any object may be empty by
 * its selection.
 */
const LIES = [null, 'x', 7, 3e9, 1.5, true, [], [null], ['x'], { __typename: 'Nobody' }];
const lies: Fault = (draw) => (draw(100) < 6 ? { instead: LIES[draw(LIES.length)] } : undefined);

export const KINDS: Readonly<Record<string, WorldOptions>> = {
  healthy: { nulls: 0, isHonest: true },
  'with nulls': { nulls: 15, isHonest: true },
  failing: { nulls: 8, isHonest: true, fault: fails },
  lying: { nulls: 8, isHonest: false, fault: lies },
};
export const ALL: Readonly<Record<string, Readonly<Record<string, string>>>> = {
  ...SUPERGRAPHS,
  'our own': OWN_SUBGRAPHS,
};

/** Reason for an answer that differs from the specification's. */
interface Reason {
  readonly why: string;
  /** Sentence of the GraphQL specification (October 2021). */
  readonly sentence: string;
  readonly explains: (difference: Difference, fields: readonly string[], options: WorldOptions) => boolean;
}

export const REASONS: readonly Reason[] = [
  {
    why: 'A field is null where what it requires of another subgraph could not be had: nobody can be asked for it.',
    sentence:
      '6.4.4: If a field error is raised while resolving a field, it is handled as though the field returned null, and the error must be added to the "errors" list in the response.',
    explains: ({ what, query, ours }, requiring, { fault }) =>
      fault !== undefined && requiring.some((name) => query.includes(name)) && (what !== 'data' || ours === null),
  },
  {
    why: 'The planner asks for a conditional field and for others of its subgraph at once. Where the condition keeps what the one requires from being read, nobody is asked for the others. Of our own schema each field that requires others is asked for by itself.',
    sentence:
      '3.13.2: The @include directive may be provided for fields, fragment spreads, and inline fragments, and allows for conditional inclusion during execution as described by the if argument.',
    explains: ({ what, query, ours }, requiring) =>
      !requiring.includes('diagnosis') &&
      requiring.some((name) => query.includes(name)) &&
      /@include|@skip/.test(query) &&
      (what !== 'data' || ours === null),
  },
];

interface Difference {
  readonly query: string;
  /** Place where the data begins to differ, or the null for which one answer has no error. */
  readonly path: Path;
  readonly what: string;
  readonly ours: unknown;
  readonly specified: unknown;
}

/** @returns what differs and no reason explains, and how many queries were compared */
export async function differencesIn(
  schemas: Readonly<Record<string, string>>,
  options: WorldOptions,
  { runs, firstSeed }: { runs: number; firstSeed: number },
) {
  const supergraph = await loadSupergraph(composed(schemas));
  const world = makeWorld(schemas, options);
  const found: Difference[] = [];
  const queries = randomQuery(supergraph.apiSchema, true);
  let compared = 0;
  let seed = firstSeed;
  while (compared < runs) {
    const [query = ''] = fc.sample(queries, { numRuns: 1, seed: seed++ });
    const document = parse(query);
    if (validate(supergraph.apiSchema, document).length > 0) continue;
    compared += 1;
    const specified = world.answer(supergraph.apiSchema, document, VARIABLES);
    const ours = await answerOf(supergraph, world, document, VARIABLES);
    const asJson = (data: unknown): unknown => JSON.parse(JSON.stringify(data));
    const { placed, required } = placeErrors(asJson(ours.data), ours.errors);
    const lost = unexplainedBy(placed, asJson(ours.data), ours.lost);
    const told = [...placed, ...required, ...lost].map(({ path }) => path);
    const at = firstDifference(asJson(ours.data), asJson(specified.data), []);
    if (at) found.push({ query, what: 'data', ...at });
    const untold = specified.errors.find(({ path }) => {
      const seen = path.slice(0, visible(ours.data, path));
      return !told.some((one) => !one || isAbout(one, seen));
    });
    if (untold) found.push({ query, what: 'untold', path: untold.path, ours: told, specified: untold });
    const extra = told.find((one) => one && !specified.errors.some(({ path }) => isAbout(one, path)));
    if (extra) found.push({ query, what: 'more', path: extra, ours: ours.errors, specified: specified.errors });
  }
  const requiring = requiringFields(schemas);
  const isExplained = (one: Difference) => REASONS.some(({ explains }) => explains(one, requiring, options));
  return { unexplained: found.filter((one) => !isExplained(one)), compared };
}

/** Names of fields that require others. */
const requiringFields = (schemas: Readonly<Record<string, string>>): string[] => {
  const { requires } = readRules(Object.values(schemas).map((sdl) => parse(sdl)));
  return [...requires.keys()].map((name) => name.split('.')[1] ?? '');
};

/** One stands where the other does, above it or below it. */
const isAbout = (one: Path, other: Path): boolean => one.every((step, i) => i >= other.length || step === other[i]);

/** Number of the path's steps that lead to the first null on it. */
function visible(data: unknown, path: Path): number {
  let value = data;
  for (const [length, step] of path.entries()) {
    if (value === null || value === undefined) return length;
    value = Reflect.get(Object(value), step);
  }
  return path.length;
}

type Place = Pick<Difference, 'path' | 'ours' | 'specified'>;

function firstDifference(ours: unknown, specified: unknown, path: Path): Place | undefined {
  if (Array.isArray(ours) && Array.isArray(specified) && ours.length === specified.length) {
    return first(
      ours.map((one, i) => [i, one, specified[i]] as const),
      path,
    );
  }
  if (isObject(ours) && isObject(specified) && Object.keys(ours).join() === Object.keys(specified).join()) {
    return first(
      Object.keys(ours).map((key) => [key, ours[key], specified[key]] as const),
      path,
    );
  }
  return JSON.stringify(ours) === JSON.stringify(specified) ? undefined : { path, ours, specified };
}

function first(parts: readonly (readonly [string | number, unknown, unknown])[], path: Path): Place | undefined {
  for (const [step, ours, specified] of parts) {
    const found = firstDifference(ours, specified, [...path, step]);
    if (found) return found;
  }
  return undefined;
}
