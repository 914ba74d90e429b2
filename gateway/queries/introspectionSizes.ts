/** Lengths of the lists in an introspection of this schema. */
import { type GraphQLSchema, isEnumType, isInputObjectType, isInterfaceType, isObjectType } from 'graphql';

/** Lengths by `Type.field`: exact for lists of the schema itself, an average, rounded up, for those of its types and fields. */
export function introspectionSizes(schema: GraphQLSchema): ReadonlyMap<string, number> {
  const types = Object.values(schema.getTypeMap());
  const withFields = types.filter((type) => isObjectType(type) || isInterfaceType(type));
  const fields = withFields.flatMap((type) => Object.values(type.getFields()));
  const values = types.filter(isEnumType).flatMap((type) => type.getValues());
  const inputs = types.filter(isInputObjectType).flatMap((type) => Object.values(type.getFields()));
  const argumentCount = fields.reduce((sum, { args }) => sum + args.length, 0);
  const average = (count: number, among: number) => Math.ceil(count / Math.max(among, 1));
  return new Map([
    ['__Schema.types', types.length],
    ['__Schema.directives', schema.getDirectives().length],
    ['__Directive.args', 2],
    ['__Type.fields', average(fields.length, types.length)],
    ['__Type.enumValues', average(values.length, types.length)],
    ['__Type.inputFields', average(inputs.length, types.length)],
    ['__Type.interfaces', 1],
    ['__Type.possibleTypes', 1],
    ['__Field.args', average(argumentCount, fields.length)],
  ]);
}
