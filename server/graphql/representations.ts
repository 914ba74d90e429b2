/**
 * The check of what a gateway may ask `_entities` for, before anything runs.
 * The resolver of that field throws at once for an unknown type. If the promise of an earlier entity rejects after that,
 * nobody handles it, and the process ends.
 */
import {
  type DocumentNode,
  type FieldNode,
  type GraphQLSchema,
  isUnionType,
  Kind,
  type OperationDefinitionNode,
  valueFromAST,
  visit,
} from 'graphql';

type Variables = Readonly<Record<string, unknown>>;

/**
 * Fault of an operation's representations, as a sentence, by its variables as the schema has them; undefined: none.
 * @param document valid
 */
export function compileRepresentationCheck(
  schema: GraphQLSchema,
  document: DocumentNode,
  operation: OperationDefinitionNode,
): (variables: Variables) => string | undefined {
  const fields = entityFields(document, operation);
  if (fields.length === 0) return () => undefined;
  const entityTypes = entityTypeNames(schema);
  return (variables) => {
    for (const field of fields) {
      const representations = representationsOf(schema, field, variables);
      const index = representations.findIndex((representation) => !entityTypes.has(typeNameOf(representation)));
      if (index >= 0) {
        return `representations[${index}] is no entity: its \`__typename\` must be ${[...entityTypes].join(' or ')}.`;
      }
    }
    return undefined;
  };
}

function entityTypeNames(schema: GraphQLSchema): Set<unknown> {
  const union = schema.getType('_Entity');
  return new Set(isUnionType(union) ? union.getTypes().map(({ name }) => name) : []);
}

/** Entity fields of the operation and of all fragments. A fragment of another operation costs only a look. */
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
