/** How much a query selects once its fragments are written out: the planner writes them out, and they may double at every level. */
import type { ApolloServerPlugin } from '@apollo/server';
import { type DocumentNode, Kind, type OperationDefinitionNode, type SelectionSetNode } from 'graphql';
import { requestError } from '../subgraphs/errors.ts';
import type { GatewayContext } from './gatewayContext.ts';

const MAX_SELECTIONS = 2_000;
/** Larger counts are not told exactly. */
const MAX_TOLD = 1_000_000;
/** Far deeper than the schema lets a query be without nesting fragments for their own sake; shallow enough for the stack. */
const MAX_DEPTH = 500;

/**
 * The fields and fragments of an operation, each as often as it is spread; Infinity when they nest too deep. Each fragment is
 * summed up once; one that spreads itself counts as nothing there.
 */
export function countSelections(document: DocumentNode, operation: OperationDefinitionNode): number {
  const fragments = new Map<string, SelectionSetNode>();
  for (const definition of document.definitions) {
    if (definition.kind === Kind.FRAGMENT_DEFINITION) fragments.set(definition.name.value, definition.selectionSet);
  }
  const known = new Map<string, number>();
  const ofFragment = (name: string, depth: number): number => {
    const sum = known.get(name);
    if (sum !== undefined) return sum;
    known.set(name, 0);
    const found = within(fragments.get(name), depth);
    known.set(name, found);
    return found;
  };
  const within = (set: SelectionSetNode | undefined, depth: number): number => {
    if (depth > MAX_DEPTH) return Number.POSITIVE_INFINITY;
    let sum = 0;
    for (const selection of set?.selections ?? []) {
      const isSpread = selection.kind === Kind.FRAGMENT_SPREAD;
      sum += 1 + (isSpread ? ofFragment(selection.name.value, depth + 1) : within(selection.selectionSet, depth + 1));
    }
    return sum;
  };
  return within(operation.selectionSet, 0);
}

/** Refuses the whole request, with HTTP 400 and no data, before it is planned. */
export function complexityCheckPlugin(): ApolloServerPlugin<GatewayContext> {
  return {
    requestDidStart: async () => ({
      didResolveOperation: async ({ document, operation }) => {
        const count = operation ? countSelections(document, operation) : 0;
        if (count <= MAX_SELECTIONS) return;
        const told = count > MAX_TOLD ? `more than ${MAX_TOLD}` : count;
        const limit = `A query may select at most ${MAX_SELECTIONS} fields and fragments, each counted wherever it is spread.`;
        throw requestError('QUERY_TOO_COMPLEX', `${limit} This one selects ${told}.`, { status: 400 });
      },
    }),
  };
}
