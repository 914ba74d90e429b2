/**
 * The limits on a document, before GraphQL's validation and the planner see it.
 * Their work can grow with the square of the text, or double with each fragment.
 * Counts go by execution: each fragment counts wherever it is spread.
 */
import {
  type DefinitionNode,
  type DocumentNode,
  type FragmentDefinitionNode,
  Kind,
  type SelectionNode,
  type SelectionSetNode,
} from 'graphql';
import { Refusal } from '../../server/graphql/answer.ts';

/** Limits with their objects in the plural, as the refusal says it. `npm run bench:limits` needs these figures. */
export const LIMITS = {
  characters: 20_000,
  tokens: 4_000,
  operations: 20,
  'fragment definitions': 50,
  'levels of nesting': 30,
  'fields and fragments': 1_000,
  'fields at the root': 50,
  aliases: 100,
  directives: 50,
  'fields of the same name under one parent object': 20,
} as const;

export type Limit = keyof typeof LIMITS;

/** Limits whose counts grow with each spread of a fragment. */
const MULTIPLIED: ReadonlySet<Limit> = new Set([
  'fields and fragments',
  'fields at the root',
  'aliases',
  'directives',
  'fields of the same name under one parent object',
]);

/** @param received number counted, or words if counting stopped */
export function tooComplex(limit: Limit, received: number | string = `more than ${LIMITS[limit]}`): Refusal {
  const how = MULTIPLIED.has(limit) ? ', each counted wherever its fragment is spread' : '';
  const message = `A query may have at most ${LIMITS[limit]} ${limit}${how}. Received ${received}.`;
  return new Refusal(400, 'QUERY_TOO_COMPLEX', message);
}

/** Place in the answer: what was selected there so far, and what below it by response name. */
class Place {
  fields = 0;
  readonly below = new Map<string, Place>();

  at(name: string): Place {
    const known = this.below.get(name);
    if (known) return known;
    const made = new Place();
    this.below.set(name, made);
    return made;
  }
}

/** Counts up to the limits. `passed` is the first limit that was passed. */
class Counts {
  readonly #counts = new Map<Limit, number>();
  passed: Limit | undefined;

  /** @returns true while all counts are within the limits */
  add(limit: Limit, more = 1): boolean {
    const sum = (this.#counts.get(limit) ?? 0) + more;
    this.#counts.set(limit, sum);
    return this.check(limit, sum);
  }

  check(limit: Limit, value: number): boolean {
    if (value > LIMITS[limit]) this.passed ??= limit;
    return this.passed === undefined;
  }
}

/**
 * Finds the first limit that a document passes. Counting ends there, also for a document that would expand to billions.
 * Fragments that nobody spreads count as well, since validation looks at them. One that spreads itself is left to
 * validation.
 */
export function limitPassed(document: DocumentNode): Limit | undefined {
  const counts = new Counts();
  const fragments = new Map<string, FragmentDefinitionNode>();
  for (const definition of document.definitions) {
    countDefinition(definition, counts);
    if (definition.kind === Kind.FRAGMENT_DEFINITION) fragments.set(definition.name.value, definition);
  }

  const reached = new Set<string>();
  const within = (
    set: SelectionSetNode,
    place: Place,
    isRoot: boolean,
    spreading: readonly string[],
    depth: number,
  ): void => {
    if (!counts.check('levels of nesting', depth)) return;
    for (const selection of set.selections) {
      if (!counts.add('fields and fragments') || !counts.add('directives', selection.directives?.length ?? 0)) return;
      if (selection.kind === Kind.FIELD) {
        if (isRoot) counts.add('fields at the root');
        if (selection.alias) counts.add('aliases');
        const below = place.at((selection.alias ?? selection.name).value);
        below.fields += 1;
        if (!counts.check('fields of the same name under one parent object', below.fields)) return;
        if (selection.selectionSet) within(selection.selectionSet, below, false, spreading, depth + 1);
      } else {
        const name = nameOfSpread(selection);
        if (name !== undefined && spreading.includes(name)) continue;
        const spread = name === undefined ? selection : fragments.get(name);
        if (name !== undefined) reached.add(name);
        const now = name === undefined ? spreading : [...spreading, name];
        if (spread && 'selectionSet' in spread) within(spread.selectionSet, place, isRoot, now, depth + 1);
      }
    }
  };
  for (const definition of document.definitions) {
    if (definition.kind === Kind.OPERATION_DEFINITION) within(definition.selectionSet, new Place(), true, [], 1);
  }
  for (const [name, { selectionSet }] of fragments) {
    if (!reached.has(name)) within(selectionSet, new Place(), false, [name], 1);
  }
  return counts.passed;
}

const nameOfSpread = (selection: SelectionNode) =>
  selection.kind === Kind.FRAGMENT_SPREAD ? selection.name.value : undefined;

function countDefinition(definition: DefinitionNode, counts: Counts): void {
  counts.add(definition.kind === Kind.FRAGMENT_DEFINITION ? 'fragment definitions' : 'operations');
  counts.add('directives', definition.directives?.length ?? 0);
  if (definition.kind !== Kind.OPERATION_DEFINITION) return;
  for (const { directives } of definition.variableDefinitions ?? []) counts.add('directives', directives?.length ?? 0);
}
