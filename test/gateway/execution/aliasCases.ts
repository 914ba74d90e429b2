/** Queries in which a client's names are those of required fields: all that exist, made from the schema. */
import {
  type GraphQLArgument,
  type GraphQLField,
  type GraphQLInputType,
  type GraphQLObjectType,
  type GraphQLSchema,
  getNamedType,
  isEnumType,
  isInputObjectType,
  isListType,
  isNonNullType,
  isObjectType,
  isRequiredArgument,
} from 'graphql';

type Field = GraphQLField<unknown, unknown>;

const ROOT = 'ChatDebugSnapshot';
/** Every plan's own, and one of those that we give. */
const RESERVED = ['__typename', '_entities', '_service', 'own8_runnerId_parentChatId', 'status__alias_0'];
const DIAGNOSES = ['diagnosis', 'diagnosisEverywhere'];
const FOUND = '{ verdict summary findings { code severity } }';

/** A field, and the way there from a chat. */
interface Place {
  readonly way: readonly Field[];
  readonly type: GraphQLObjectType;
}

/** Every field of every object type that a chat leads to, under the name of every other field of its type. */
export function aliasCases(schema: GraphQLSchema): string[] {
  return placesIn(schema).flatMap(({ way, type }) => {
    const fields = Object.values(type.getFields());
    const names = [...fields.map(({ name }) => name), ...RESERVED];
    return fields.flatMap((field) =>
      names.filter((name) => name !== field.name).flatMap((name) => besideDiagnoses(way, `${name}: ${written(field)}`)),
    );
  });
}

/** Every field with arguments below a chat, with every value of each, under its own name and under another. */
export function argumentCases(schema: GraphQLSchema): string[] {
  return placesIn(schema).flatMap(({ way, type }) =>
    Object.values(type.getFields()).flatMap((field) =>
      field.args
        .flatMap((argument) => valuesOf(argument.type).map((value) => written(field, { argument, value })))
        .flatMap((text) => [text, `other: ${text}`].flatMap((one) => besideDiagnoses(way, one))),
    ),
  );
}

/** Selection beside each diagnosis whose key it does not take. */
const besideDiagnoses = (way: readonly Field[], selection: string): string[] =>
  DIAGNOSES.filter((diagnosis) => way.length > 0 || !selection.startsWith(`${diagnosis}:`)).map((diagnosis) => {
    const selected = way.reduceRight((below, field) => `${head(field)} { ${below} }`, selection);
    return `{ chatDebugSnapshot(chatId: "i1") { ${selected} ${diagnosis} ${FOUND} } }`;
  });

/** Each object type by each field that leads to it, on the shortest way. */
function placesIn(schema: GraphQLSchema): Place[] {
  const root = schema.getType(ROOT);
  if (!isObjectType(root)) throw new Error(`There is no ${ROOT}`);
  const places: Place[] = [{ way: [], type: root }];
  const seen = new Set<GraphQLObjectType>();
  for (const { way, type } of places) {
    if (seen.has(type)) continue;
    seen.add(type);
    for (const field of Object.values(type.getFields())) {
      const below = getNamedType(field.type);
      if (isObjectType(below) && !DIAGNOSES.includes(field.name)) places.push({ way: [...way, field], type: below });
    }
  }
  return places;
}

interface Given {
  readonly argument: GraphQLArgument;
  readonly value: string;
}

/** Text of a field, with one of its leaves if it has fields. */
function written(field: Field, given?: Given): string {
  const below = getNamedType(field.type);
  if (!isObjectType(below)) return head(field, given);
  const leaf = Object.values(below.getFields()).find(({ type }) => !isObjectType(getNamedType(type)));
  const inner = leaf ? leaf.name : `__typename`;
  return `${head(field, given)} { ${inner} }`;
}

function head({ name, args }: Field, given?: Given): string {
  const values = args.flatMap((argument) => {
    if (argument === given?.argument) return [`${argument.name}: ${given.value}`];
    return isRequiredArgument(argument) ? [`${argument.name}: ${valuesOf(argument.type)[0]}`] : [];
  });
  return values.length > 0 ? `${name}(${values.join(', ')})` : name;
}

/** Each value of an enum and of Boolean, each field of an input object, and some of everything else. */
function valuesOf(type: GraphQLInputType): string[] {
  if (isNonNullType(type)) return valuesOf(type.ofType);
  if (isListType(type)) return ['[]', ...valuesOf(type.ofType).map((value) => `[${value}]`)];
  if (isEnumType(type)) return type.getValues().map(({ name }) => name);
  if (isInputObjectType(type)) {
    return Object.values(type.getFields()).flatMap((field) =>
      valuesOf(field.type).map((value) => `{ ${field.name}: ${value} }`),
    );
  }
  if (type.name === 'Boolean') return ['true', 'false'];
  return ['Int', 'Float', 'SafeInt'].includes(type.name) ? ['1', '2', '7'] : ['"x"', '"y"'];
}
