/**
 * OpenAPI 3.1 of the snapshot document, made from the operation that the document is made of and from the descriptions in
 * the graph's schema. `npm run docs` writes it.
 */
import { readFileSync } from 'node:fs';
import { writeFile } from 'node:fs/promises';
import { buildSchema, getNamedType, isObjectType, Kind } from 'graphql';
import { document, objectSchema, type Schema } from './snapshotOpenapi/selectionSchema.ts';

export const OPENAPI_FILE = new URL('../docs/snapshot.openapi.json', import.meta.url);
const SUPERGRAPH = readFileSync(new URL('../gateway/supergraph.graphql', import.meta.url), 'utf8');

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
