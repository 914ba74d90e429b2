/** Lengths of the lists in an introspection of this schema. */
import {
  type GraphQLNamedType,
  type GraphQLSchema,
  isEnumType,
  isInputObjectType,
  isInterfaceType,
  isObjectType,
  isUnionType,
  isWrappingType,
} from 'graphql';

/** Lists of a type whose members are its own. */
const OF_MEMBERS = ['fields', 'enumValues', 'inputFields', 'possibleTypes', 'interfaces'];

export interface IntrospectionSizes {
  /**
   * Lengths by `Type.field`: exact for lists of the schema itself, an average for those of its types and fields.
   * That of `ofType`, which is no list, is the part of all types of fields and arguments that wrap another one.
   */
  readonly lengths: ReadonlyMap<string, number>;
  /** Lists below a type that is asked for by its name, each as long as the longest one of the schema. */
  readonly ofOneType: Sized;
}

/** Lists below a field whose length is known there. */
export interface Sized {
  readonly fields: readonly string[];
  readonly size: number;
  /** Lists below each of their elements. */
  readonly below?: Sized;
}

export function introspectionSizes(schema: GraphQLSchema): IntrospectionSizes {
  const types = Object.values(schema.getTypeMap());
  const withFields = types.filter((type) => isObjectType(type) || isInterfaceType(type));
  const fields = withFields.flatMap((type) => Object.values(type.getFields()));
  const inputs = types.filter(isInputObjectType).flatMap((type) => Object.values(type.getFields()));
  const values = types.filter(isEnumType).flatMap((type) => type.getValues());
  const possible = types.flatMap((type) => possibleTypes(schema, type));
  const interfaces = withFields.flatMap((type) => type.getInterfaces());
  const args = [...fields, ...schema.getDirectives()].flatMap((one) => one.args);
  const referred = [...fields, ...inputs, ...args].map(({ type }) => type);
  const average = (count: number, among: number) => count / Math.max(among, 1);
  const lengths = new Map([
    ['__Schema.types', types.length],
    ['__Schema.directives', schema.getDirectives().length],
    ['__Directive.args', 2],
    ['__Type.fields', average(fields.length, types.length)],
    ['__Type.enumValues', average(values.length, types.length)],
    ['__Type.inputFields', average(inputs.length, types.length)],
    ['__Type.interfaces', average(interfaces.length, types.length)],
    ['__Type.possibleTypes', average(possible.length, types.length)],
    ['__Type.ofType', average(referred.filter(isWrappingType).length, referred.length)],
    ['__Field.args', average(args.length, fields.length)],
  ]);
  const longest = Math.max(0, ...types.map((type) => membersOf(schema, type)));
  const ofOneField = { fields: ['args'], size: Math.max(0, ...fields.map(({ args }) => args.length)) };
  return { lengths, ofOneType: { fields: OF_MEMBERS, size: longest, below: ofOneField } };
}

const possibleTypes = (schema: GraphQLSchema, type: GraphQLNamedType) =>
  isInterfaceType(type) || isUnionType(type) ? schema.getPossibleTypes(type) : [];

function membersOf(schema: GraphQLSchema, type: GraphQLNamedType): number {
  if (isEnumType(type)) return type.getValues().length;
  if (isUnionType(type)) return possibleTypes(schema, type).length;
  if (!('getFields' in type)) return 0;
  return Math.max(Object.keys(type.getFields()).length, possibleTypes(schema, type).length);
}
