/** The variables that decide which parts of an operation are answered. */
import { type DocumentNode, Kind, visit } from 'graphql';

/** The names of the variables in the document's `@skip` and `@include`. */
export function decidingVariables(document: DocumentNode): string[] {
  const names = new Set<string>();
  visit(document, {
    Directive: ({ arguments: given = [] }) => {
      for (const { value } of given) if (value.kind === Kind.VARIABLE) names.add(value.name.value);
    },
  });
  return [...names];
}
