/** The variables that decide which parts of an operation are answered. */
import { type DocumentNode, Kind, type OperationDefinitionNode, valueFromASTUntyped, visit } from 'graphql';
import { type Json, setOwn } from '../../common/json.ts';

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

/** Defaults of an operation's variables; undefined: there are none. */
export function defaultsOf({ variableDefinitions = [] }: OperationDefinitionNode): Json | undefined {
  const defaults: Json = {};
  for (const { variable, defaultValue } of variableDefinitions) {
    if (defaultValue) setOwn(defaults, variable.name.value, valueFromASTUntyped(defaultValue));
  }
  return Object.keys(defaults).length > 0 ? defaults : undefined;
}
