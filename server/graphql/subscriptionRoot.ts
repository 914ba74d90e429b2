/**
 * The refusal of subscriptions whose root field may be left out (GraphQL, September 2025, section 5.2.4.1). Pure.
 * graphql-js 16 does not know this rule: it throws where a variable decides, and otherwise gives a stream of nothing.
 */
import { type DocumentNode, Kind, OperationTypeNode, type SelectionSetNode } from 'graphql';
import { Refusal } from './answer.ts';
import { fragmentsOf } from './fragments.ts';
import { fieldsWithin } from './selection.ts';

/** Refuses a document with such a subscription. Undefined: it has none. */
export function refuseConditionalRoot(document: DocumentNode): Refusal | undefined {
  const roots = document.definitions.flatMap((node): SelectionSetNode[] =>
    node.kind === Kind.OPERATION_DEFINITION && node.operation === OperationTypeNode.SUBSCRIPTION
      ? [node.selectionSet]
      : [],
  );
  if (roots.length === 0) return undefined;
  let isConditional = false;
  fieldsWithin(roots, fragmentsOf(document), ({ directives = [] }) => {
    isConditional ||= directives.some(({ name }) => name.value === 'skip' || name.value === 'include');
    return !isConditional;
  });
  if (!isConditional) return undefined;
  const message = 'The root field of a subscription takes neither `@skip` nor `@include`. Set them below it.';
  return new Refusal(400, 'GRAPHQL_VALIDATION_FAILED', message);
}
