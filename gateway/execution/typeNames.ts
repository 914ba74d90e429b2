/** The objects that a type condition means, by the names of their types. */
import { type GraphQLSchema, isAbstractType } from 'graphql';

/** The type itself, and all that implement it or are members of it; of an unknown type, its name alone. */
export function namesWithin(schema: GraphQLSchema, typeCondition: string): ReadonlySet<string> {
  const type = schema.getType(typeCondition);
  if (!isAbstractType(type)) return new Set([typeCondition]);
  const names = schema.getPossibleTypes(type).map(({ name }) => name);
  const interfaces = 'getFields' in type ? schema.getImplementations(type).interfaces.map(({ name }) => name) : [];
  return new Set([typeCondition, ...names, ...interfaces]);
}
