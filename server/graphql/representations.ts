/**
 * What a gateway may ask `_entities` for, checked before anything runs. The resolver of that field throws at once for a type
 * that it does not know; an entity before it that is refused a moment later then has nobody to tell, and ends the process.
 */
import type { ApolloServerPlugin, BaseContext } from '@apollo/server';
import {
  type DocumentNode,
  type FieldNode,
  type GraphQLSchema,
  getVariableValues,
  isUnionType,
  Kind,
  type OperationDefinitionNode,
  valueFromAST,
  visit,
} from 'graphql';
import { requestError } from './errors.ts';

type Variables = Readonly<Record<string, unknown>>;

/**
 * What is wrong with the representations of an operation, as a sentence; undefined: nothing, or what GraphQL itself refuses.
 * @param document a valid one
 */
export function findBadRepresentation(
  schema: GraphQLSchema,
  document: DocumentNode,
  operation: OperationDefinitionNode,
  received: Variables,
): string | undefined {
  const fields = fieldsByOperation.get(operation) ?? entityFields(document, operation);
  fieldsByOperation.set(operation, fields);
  if (fields.length === 0) return undefined;
  const { coerced } = getVariableValues(schema, operation.variableDefinitions ?? [], received);
  if (!coerced) return undefined;
  const entityTypes = entityTypeNames(schema);
  for (const field of fields) {
    const representations = representationsOf(schema, field, coerced);
    const index = representations.findIndex((representation) => !entityTypes.has(typeNameOf(representation)));
    if (index >= 0) {
      return `representations[${index}] is no entity: its \`__typename\` must be ${[...entityTypes].join(' or ')}.`;
    }
  }
  return undefined;
}

/** A document that comes again is the same object as before: the server keeps it parsed. */
const fieldsByOperation = new WeakMap<OperationDefinitionNode, readonly FieldNode[]>();

function entityTypeNames(schema: GraphQLSchema): Set<unknown> {
  const union = schema.getType('_Entity');
  return new Set(isUnionType(union) ? union.getTypes().map(({ name }) => name) : []);
}

/** Those of the operation and of all fragments: one that another operation uses costs nothing more than a look. */
function entityFields(document: DocumentNode, operation: OperationDefinitionNode): FieldNode[] {
  const fields: FieldNode[] = [];
  for (const definition of document.definitions) {
    if (definition !== operation && definition.kind !== Kind.FRAGMENT_DEFINITION) continue;
    visit(definition, {
      Field: (node) => {
        if (node.name.value === '_entities') fields.push(node);
      },
    });
  }
  return fields;
}

function representationsOf(schema: GraphQLSchema, field: FieldNode, variables: Variables): readonly unknown[] {
  const type = schema.getQueryType()?.getFields()._entities?.args[0]?.type;
  const value = field.arguments?.[0]?.value;
  const list = type && value ? valueFromAST(value, type, variables) : undefined;
  return Array.isArray(list) ? list : [];
}

const typeNameOf = (value: unknown): unknown =>
  typeof value === 'object' && value !== null && '__typename' in value ? value.__typename : undefined;

/** Refuses the whole request, with HTTP 400 and no data. */
export const representationCheckPlugin = (): ApolloServerPlugin<BaseContext> => ({
  requestDidStart: async () => ({
    didResolveOperation: async ({ schema, document, operation, request }) => {
      if (!operation) return;
      const problem = findBadRepresentation(schema, document, operation, request.variables ?? {});
      if (problem !== undefined) throw requestError('BAD_USER_INPUT', problem, { status: 400 });
    },
  }),
});
