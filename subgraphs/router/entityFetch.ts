/** The part of an operation below one field of entities, as a request of its own: what a replica is asked. */
import {
  type DocumentNode,
  type GraphQLResolveInfo,
  Kind,
  type OperationDefinitionNode,
  print,
  type SelectionNode,
  separateOperations,
  type VariableDefinitionNode,
  visit,
} from 'graphql';
import type { Representation } from '../../routing/ask/share.ts';
import type { GraphqlBody } from '../../server/graphql/ordinaryRequest.ts';

/** The variable that holds the representations; no other variable of the request has this name. */
const REPRESENTATIONS = 'representations';

/** What the router reads to find its share in a request. */
const declared: VariableDefinitionNode = {
  kind: Kind.VARIABLE_DEFINITION,
  variable: { kind: Kind.VARIABLE, name: { kind: Kind.NAME, value: REPRESENTATIONS } },
  type: {
    kind: Kind.NON_NULL_TYPE,
    type: {
      kind: Kind.LIST_TYPE,
      type: {
        kind: Kind.NON_NULL_TYPE,
        type: { kind: Kind.NAMED_TYPE, name: { kind: Kind.NAME, value: '_Any' } },
      },
    },
  },
};

/**
 * With the fragments and variables that it needs and no others, whatever else the operation selects, and however the client
 * passed the representations.
 * @param info of the field `_entities`, under whatever alias
 */
export function entityFetch(info: GraphQLResolveInfo, representations: readonly Representation[]): GraphqlBody {
  const selections = info.fieldNodes.flatMap(({ selectionSet }) => selectionSet?.selections ?? []);
  const { document, used } = separate(info, selections);
  const variables: Record<string, unknown> = { [REPRESENTATIONS]: representations };
  for (const name of used) if (name in info.variableValues) variables[renamed(name)] = info.variableValues[name];
  return { query: print(document), variables };
}

const renamed = (variable: string) => `of_${variable}`;

function separate(info: GraphQLResolveInfo, selections: readonly SelectionNode[]) {
  const operation: OperationDefinitionNode = {
    kind: Kind.OPERATION_DEFINITION,
    operation: info.operation.operation,
    selectionSet: {
      kind: Kind.SELECTION_SET,
      selections: [
        {
          kind: Kind.FIELD,
          name: { kind: Kind.NAME, value: '_entities' },
          arguments: [
            {
              kind: Kind.ARGUMENT,
              name: { kind: Kind.NAME, value: REPRESENTATIONS },
              value: declared.variable,
            },
          ],
          selectionSet: { kind: Kind.SELECTION_SET, selections },
        },
      ],
    },
  };
  const whole: DocumentNode = { kind: Kind.DOCUMENT, definitions: [operation, ...Object.values(info.fragments)] };
  const needed = separateOperations(whole)[''] ?? whole;
  const used = new Set<string>();
  const document = visit(needed, {
    Variable: (node) => {
      if (node === declared.variable) return undefined;
      used.add(node.name.value);
      return { ...node, name: { ...node.name, value: renamed(node.name.value) } };
    },
  });
  return { document: declareVariables(document, info, used), used };
}

function declareVariables(document: DocumentNode, info: GraphQLResolveInfo, used: ReadonlySet<string>): DocumentNode {
  const own = (info.operation.variableDefinitions ?? []).filter(({ variable }) => used.has(variable.name.value));
  const definitions = own.map((definition) => ({
    ...definition,
    variable: {
      ...definition.variable,
      name: { ...definition.variable.name, value: renamed(definition.variable.name.value) },
    },
  }));
  return visit(document, {
    OperationDefinition: (node) => ({ ...node, variableDefinitions: [declared, ...definitions] }),
  });
}
