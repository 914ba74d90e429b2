/** JSON Schema of what an operation selects, under the names of the snapshot document. */
import {
  type FragmentDefinitionNode,
  type GraphQLOutputType,
  type GraphQLSchema,
  getNamedType,
  isEnumType,
  isListType,
  isNonNullType,
  isObjectType,
  Kind,
  parse,
  type SelectionSetNode,
} from 'graphql';
import { ENUMS, snakeCase } from '../../gateway/http/snapshotDocument.ts';
import { SNAPSHOT_OPERATION } from '../../gateway/queries/snapshotOperation.ts';

export type Schema = Readonly<Record<string, unknown>>;

const SCALARS: Readonly<Record<string, Schema>> = {
  UUID: { type: 'string', format: 'uuid' },
  DateTime: { type: 'string', format: 'date-time' },
  SafeInt: { type: 'integer' },
  Int: { type: 'integer' },
  Float: { type: 'number' },
  Boolean: { type: 'boolean' },
  String: { type: 'string' },
  ID: { type: 'string' },
  JSON: {},
};

/** Operation that the document is made of. */
export const document = parse(SNAPSHOT_OPERATION);
const fragments = new Map(
  document.definitions.flatMap((one): [string, FragmentDefinitionNode][] =>
    one.kind === Kind.FRAGMENT_DEFINITION ? [[one.name.value, one]] : [],
  ),
);

const oneLine = (text: string | null | undefined) => text?.replace(/\s+/g, ' ');

/** Schema of an object with the selected fields, under the names of the document. @param without fields that are left out */
export function objectSchema(
  graph: GraphQLSchema,
  type: GraphQLOutputType,
  set: SelectionSetNode,
  without: string[] = [],
): Schema {
  const named = getNamedType(type);
  if (!isObjectType(named)) throw new Error(`${named} is no object`);
  const members = set.selections.flatMap((selection): [string, Schema][] => {
    if (selection.kind === Kind.FRAGMENT_SPREAD) {
      const fragment = fragments.get(selection.name.value);
      return fragment
        ? (Object.entries(objectSchema(graph, type, fragment.selectionSet).properties as Schema) as [string, Schema][])
        : [];
    }
    if (selection.kind !== Kind.FIELD || without.includes(selection.name.value)) return [];
    const { value: name } = selection.name;
    const field = named.getFields()[name];
    if (!field) throw new Error(`${named} has no field ${name}`);
    const description = oneLine(field.description);
    const own = valueSchema(graph, name, field.type, selection.selectionSet);
    return [[snakeCase(name), { ...own, ...(description && { description }) }]];
  });
  return { type: 'object', properties: Object.fromEntries(members), required: members.map(([name]) => name) };
}

function valueSchema(
  graph: GraphQLSchema,
  name: string,
  type: GraphQLOutputType,
  set: SelectionSetNode | undefined,
): Schema {
  if (isNonNullType(type)) return nonNullSchema(graph, name, type.ofType, set);
  const schema = nonNullSchema(graph, name, type, set);
  return Object.keys(schema).length === 0 ? schema : { anyOf: [schema, { type: 'null' }] };
}

function nonNullSchema(
  graph: GraphQLSchema,
  name: string,
  type: GraphQLOutputType,
  set: SelectionSetNode | undefined,
): Schema {
  if (name === 'byRole') return { type: 'object', additionalProperties: { type: 'integer' } };
  if (isListType(type)) return { type: 'array', items: valueSchema(graph, name, type.ofType, set) };
  if (set) return objectSchema(graph, type, set);
  if (isEnumType(type)) {
    const values = type.getValues().map((one) => one.name);
    return { type: 'string', enum: ENUMS.has(name) ? values.map((value) => value.toLowerCase()) : values };
  }
  const scalar = SCALARS[getNamedType(type).name];
  if (!scalar) throw new Error(`The scalar ${type} has no schema`);
  return scalar;
}
