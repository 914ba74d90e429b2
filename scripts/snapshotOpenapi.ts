/**
 * OpenAPI 3.1 of the snapshot document, made from the operation that the document is made of and from the descriptions in
 * the graph's schema. `npm run docs` writes it.
 */
import { readFileSync } from 'node:fs';
import { writeFile } from 'node:fs/promises';
import {
  buildSchema,
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
import { ENUMS, snakeCase } from '../gateway/http/snapshotDocument.ts';
import { SNAPSHOT_OPERATION } from '../gateway/http/snapshotRoute.ts';

type Schema = Readonly<Record<string, unknown>>;

export const OPENAPI_FILE = new URL('../docs/snapshot.openapi.json', import.meta.url);
const SUPERGRAPH = readFileSync(new URL('../gateway/supergraph.graphql', import.meta.url), 'utf8');

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

const document = parse(SNAPSHOT_OPERATION);
const fragments = new Map(
  document.definitions.flatMap((one): [string, FragmentDefinitionNode][] =>
    one.kind === Kind.FRAGMENT_DEFINITION ? [[one.name.value, one]] : [],
  ),
);

const oneLine = (text: string | null | undefined) => text?.replace(/\s+/g, ' ');

/** Schema of an object with the selected fields, under the names of the document. @param without fields that are left out */
function objectSchema(
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

const PATH = '/api/experimental/chats/{chat}/debug/snapshot';
const ref = (name: string) => ({ $ref: `#/components/schemas/${name}` });
const json = (description: string, schema: Schema) => ({ description, content: { 'application/json': { schema } } });

/** The document, as text. */
export function snapshotOpenapi(): string {
  const graph = buildSchema(SUPERGRAPH, { assumeValid: true });
  const [operation] = document.definitions;
  const [root] = operation?.kind === Kind.OPERATION_DEFINITION ? operation.selectionSet.selections : [];
  if (root?.kind !== Kind.FIELD || !root.selectionSet) throw new Error('The operation has another shape');
  const type = graph.getQueryType()?.getFields()[root.name.value]?.type;
  if (!type) throw new Error('The graph has no such field');
  const whole = objectSchema(graph, type, root.selectionSet).properties as Record<string, Schema>;
  const [, runtimeNode] = ['database', 'runtime'].map((name) =>
    root.selectionSet?.selections.find((one) => one.kind === Kind.FIELD && one.name.value === name),
  );
  if (runtimeNode?.kind !== Kind.FIELD || !runtimeNode.selectionSet)
    throw new Error('The operation has no runtime half');
  const snapshotType = getNamedType(type);
  const runtimeType = isObjectType(snapshotType) ? snapshotType.getFields().runtime?.type : undefined;
  if (!runtimeType) throw new Error('The graph has no runtime half');
  const memory = objectSchema(graph, runtimeType, runtimeNode.selectionSet, ['reachability']);
  const outcome = (objectSchema(graph, runtimeType, runtimeNode.selectionSet).properties as Record<string, Schema>)
    .reachability as { properties: Record<string, { enum?: string[] }> };
  const status = outcome.properties.status;
  const reachability = {
    ...outcome,
    properties: { ...outcome.properties, status: { ...status, enum: status?.enum?.map((one) => one.toLowerCase()) } },
  };
  const half = { execution_state: whole.execution_state, database: ref('Database') };
  const withoutRuntime = {
    ...half,
    runtime: { type: 'null' },
    reachability: { anyOf: [ref('Reachability'), { type: 'null' }] },
  };
  const error = { message: { type: 'string' }, detail: { type: 'string' }, code: { type: 'string' } };
  const openapi = {
    openapi: '3.1.0',
    info: {
      title: 'Snapshot of a chat',
      version: '1',
      description: 'Both halves of a chat as one JSON document. Members may be added; none is taken away.',
    },
    paths: {
      [PATH]: {
        get: {
          operationId: 'snapshotOfChat',
          parameters: [
            { name: 'chat', in: 'path', required: true, schema: { type: 'string', format: 'uuid' } },
            {
              ...{ name: 'require', in: 'query', schema: { type: 'string', enum: ['runtime'] } },
              description: 'Refuse with 503 where the runtime half is not asked for.',
            },
          ],
          responses: {
            200: json('The document. Without an owner `runtime` is null.', ref('Snapshot')),
            400: json('The id, or a parameter, is malformed.', ref('Error')),
            401: json('No good token.', ref('Error')),
            403: json('A cookie that another site may have sent.', ref('Error')),
            404: json('No such chat, or it is not yours to read.', ref('Error')),
            429: json('Too many requests of this caller.', ref('Error')),
            500: json('The database could not be read.', ref('Error')),
            502: json('The owner could not be asked; the database half is there.', ref('ErrorWithDatabase')),
            503: json(
              'Nobody is asked here, and the runtime half was required; or, without the database half, the token cannot be checked now.',
              { anyOf: [ref('ErrorWithDatabase'), ref('Error')] },
            ),
          },
        },
      },
    },
    security: [{ token: [] }],
    components: {
      securitySchemes: { token: { type: 'http', scheme: 'bearer' } },
      schemas: {
        Snapshot: {
          type: 'object',
          properties: {
            ...half,
            runtime: { anyOf: [ref('Runtime'), { type: 'null' }] },
            reachability: ref('Reachability'),
          },
          required: ['execution_state', 'database', 'runtime'],
        },
        Database: whole.database,
        Runtime: memory,
        Reachability: reachability,
        Error: { type: 'object', properties: error, required: ['message', 'detail', 'code'] },
        ErrorWithDatabase: {
          type: 'object',
          properties: { ...error, ...withoutRuntime },
          required: ['message', 'detail', 'code', 'database', 'runtime', 'reachability'],
        },
      },
    },
  };
  return `${JSON.stringify(openapi, undefined, 2)}\n`;
}

if (process.argv[1] === new URL(import.meta.url).pathname) await writeFile(OPENAPI_FILE, snapshotOpenapi());
