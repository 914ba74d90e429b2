/**
 * How much a document may say, before GraphQL's own validation and the planner see it: what both do can grow with the square
 * of what is written, or double with each fragment. Counted as the operation is executed, so each fragment wherever it is spread.
 */
import {
  type DefinitionNode,
  type DocumentNode,
  type FragmentDefinitionNode,
  Kind,
  type SelectionNode,
  type SelectionSetNode,
} from 'graphql';
import { requestError } from '../../server/graphql/errors.ts';

/** What each limit is about, in the plural, as the refusal says it. The figures are those that `npm run bench:limits` needs. */
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
  'fields of the same name in one place': 20,
} as const;

export type Limit = keyof typeof LIMITS;

/** @param received a number, or how to say that it was not counted to the end */
export const tooComplex = (limit: Limit, received: number | string = `more than ${LIMITS[limit]}`) =>
  requestError(
    'QUERY_TOO_COMPLEX',
    `A query may have at most ${LIMITS[limit]} ${limit}, each counted wherever its fragment is spread. Received ${received}.`,
    { status: 400 },
  );

/** A place in the answer: what was selected there so far, and what below it by response name. */
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

/**
 * Counting ends with the first limit that is passed, so it takes no longer for a document that would expand to billions.
 * Fragments that nobody spreads count as well, since validation looks at them. One that spreads itself is left to validation.
 * @throws GraphQLError QUERY_TOO_COMPLEX, HTTP 400
 */
export function checkDocument(document: DocumentNode): void {
  const counts = new Map<Limit, number>();
  const count = (limit: Limit, more: number) => {
    const sum = (counts.get(limit) ?? 0) + more;
    counts.set(limit, sum);
    if (sum > LIMITS[limit]) throw tooComplex(limit);
  };
  const fragments = new Map<string, FragmentDefinitionNode>();
  for (const definition of document.definitions) {
    countDefinition(definition, count);
    if (definition.kind === Kind.FRAGMENT_DEFINITION) fragments.set(definition.name.value, definition);
  }

  const reached = new Set<string>();
  const within = (
    set: SelectionSetNode,
    place: Place,
    isRoot: boolean,
    spreading: readonly string[],
    depth: number,
  ) => {
    if (depth > LIMITS['levels of nesting']) throw tooComplex('levels of nesting');
    for (const selection of set.selections) {
      count('fields and fragments', 1);
      count('directives', selection.directives?.length ?? 0);
      if (selection.kind === Kind.FIELD) {
        if (isRoot) count('fields at the root', 1);
        if (selection.alias) count('aliases', 1);
        const below = place.at((selection.alias ?? selection.name).value);
        below.fields += 1;
        if (below.fields > LIMITS['fields of the same name in one place']) {
          throw tooComplex('fields of the same name in one place');
        }
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
}

const nameOfSpread = (selection: SelectionNode) =>
  selection.kind === Kind.FRAGMENT_SPREAD ? selection.name.value : undefined;

function countDefinition(definition: DefinitionNode, count: (limit: Limit, more: number) => void): void {
  if (definition.kind === Kind.FRAGMENT_DEFINITION) count('fragment definitions', 1);
  else count('operations', 1);
  count('directives', definition.directives?.length ?? 0);
  if (definition.kind !== Kind.OPERATION_DEFINITION) return;
  for (const { directives } of definition.variableDefinitions ?? []) count('directives', directives?.length ?? 0);
}
