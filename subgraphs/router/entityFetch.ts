/** The part of an operation below one field of entities, as a request of its own: what a replica is asked. */
import { type GraphQLResolveInfo, Kind, print, separateOperations, type VariableNode, visit } from 'graphql';
import type { Representation } from '../../routing/ask/share.ts';
import type { GraphqlBody } from '../../server/graphql/question.ts';

/**
 * Makes a request with only the fragments and variables that it needs, whatever else the operation selects.
 * @param info of the field `_entities`, under whatever alias
 */
export function entityFetch(info: GraphQLResolveInfo, representations: readonly Representation[]): GraphqlBody {
  const selections = info.fieldNodes.flatMap(({ selectionSet }) => selectionSet?.selections ?? []);
  const { operation, variableDefinitions = [] } = info.operation;
  const selectionSet = { kind: Kind.SELECTION_SET, selections } as const;
  const entities = { kind: Kind.OPERATION_DEFINITION, operation, selectionSet } as const;
  const whole = { kind: Kind.DOCUMENT, definitions: [entities, ...Object.values(info.fragments)] } as const;
  const used = new Set<string>();
  const Variable = (node: VariableNode) => {
    used.add(node.name.value);
    return renamed(node);
  };
  const needed = visit(separateOperations(whole)[''] ?? whole, { Variable });
  const declared = variableDefinitions
    .filter(({ variable }) => used.has(variable.name.value))
    .map((definition) => print({ ...definition, variable: renamed(definition.variable) }));
  const parts = needed.definitions.map((definition) =>
    definition.kind === Kind.OPERATION_DEFINITION
      ? `query (${['$representations: [_Any!]!', ...declared].join(', ')}) {
  _entities(representations: $representations) ${print(definition.selectionSet)}
}`
      : print(definition),
  );
  const variables: Record<string, unknown> = { representations };
  for (const name of used) if (name in info.variableValues) variables[ownName(name)] = info.variableValues[name];
  return { query: parts.join('\n'), variables };
}

/** Name of a client's variable: never that of the representations. */
const ownName = (variable: string) => `of_${variable}`;

const renamed = (node: VariableNode): VariableNode => ({
  ...node,
  name: { ...node.name, value: ownName(node.name.value) },
});
