/** Fields that the schema marks with a directive of this project. Pure. */
import {
  BREAK,
  type DocumentNode,
  type GraphQLSchema,
  isObjectType,
  TypeInfo,
  visit,
  visitWithTypeInfo,
} from 'graphql';

/** Names of fields with the directive, as `Type.field`. @param schema the supergraph's, with its AST nodes */
export function readMarkedFields(schema: GraphQLSchema, directive: 'clock' | 'perCaller'): ReadonlySet<string> {
  const names = new Set<string>();
  for (const type of Object.values(schema.getTypeMap())) {
    if (!isObjectType(type)) continue;
    for (const { name, astNode } of Object.values(type.getFields())) {
      if (astNode?.directives?.some((given) => given.name.value === directive)) names.add(`${type.name}.${name}`);
    }
  }
  return names;
}

/** True if the document names one of the fields, whatever its conditions. @param schema by which it is valid */
export function selectsOneOf(fields: ReadonlySet<string>, schema: GraphQLSchema, document: DocumentNode): boolean {
  const types = new TypeInfo(schema);
  let isFound = false;
  visit(
    document,
    visitWithTypeInfo(types, {
      Field: ({ name }) => {
        isFound = fields.has(`${types.getParentType()?.name}.${name.value}`);
        return isFound ? BREAK : undefined;
      },
    }),
  );
  return isFound;
}
