/** Files made from the format of runtime protocol 1: its JSON Schema, its OpenAPI document, and its TypeScript types. */
import { readFileSync } from 'node:fs';
import { writeFile } from 'node:fs/promises';
import * as z from 'zod';
import { PROTOCOL_TYPES } from '../domain/protocol/format.ts';
import { CHATS_PATH, PROTOCOL, REPLICA_PATH } from '../domain/protocol/paths.ts';

const at = (name: string) => new URL(`../domain/protocol/${name}`, import.meta.url);
export const PROTOCOL_FILES = {
  schema: at('protocol.schema.json'),
  openapi: at('openapi.json'),
  types: at('answers.ts'),
};
/** Answers of a replica of this project at work, as test/adopting/ownWorker.test.ts saw them. By names of types. */
export const EXAMPLES_FILE = at('examples.json');

interface Schema {
  readonly [keyword: string]: unknown;
  readonly description?: string;
  readonly $ref?: string;
  readonly anyOf?: readonly Schema[];
  readonly type?: string | readonly string[];
  readonly enum?: readonly string[];
  readonly items?: Schema;
  readonly properties?: Readonly<Record<string, Schema>>;
  readonly required?: readonly string[];
}

/** Definitions by name, with references that begin with `root`. */
function definitions(root: string): Record<string, Schema> {
  const registry = z.registry<{ id: string }>();
  for (const type of PROTOCOL_TYPES) registry.add(type, { id: String(type.meta()?.id) });
  const { schemas } = z.toJSONSchema(registry, {
    io: 'input',
    uri: (name) => `${root}${name}`,
    override: ({ jsonSchema }) => {
      if (jsonSchema.format === 'date-time') delete jsonSchema.pattern; // the name says it
    },
  });
  return Object.fromEntries(
    Object.entries(schemas).map(([name, { $schema: _, $id: __, id: ___, ...schema }]) => [name, schema as Schema]),
  );
}

const text = (value: unknown) => `${JSON.stringify(value, undefined, 2)}\n`;

/** JSON Schema of everything that is said, as text. */
export const protocolSchema = (): string =>
  text({
    $schema: 'https://json-schema.org/draft/2020-12/schema',
    title: PROTOCOL,
    description: 'What a worker says of its memory. Null and absent mean the same: not known.',
    $defs: definitions('#/$defs/'),
  });

export const protocolExamples = (): Record<string, unknown> => JSON.parse(readFileSync(EXAMPLES_FILE, 'utf8'));

/** OpenAPI 3.1 document of the protocol, as text. */
export function protocolOpenapi(): string {
  const seen = protocolExamples();
  const json = (name: string) => ({
    'application/json': {
      schema: { $ref: `#/components/schemas/${name}` },
      ...(seen[name] !== undefined && { example: seen[name] }),
    },
  });
  const refused = (description: string, example?: unknown) => ({
    description,
    content: {
      'application/problem+json': {
        schema: { $ref: '#/components/schemas/Problem' },
        ...(example !== undefined && { example }),
      },
    },
  });
  const refusals = {
    401: refused('No token, or one that is not taken.'),
    421: refused('The token is for another worker: this one has its address now.', seen.Problem),
  };
  return text({
    openapi: '3.1.0',
    info: {
      title: PROTOCOL,
      version: '1.0.0',
      description: 'Served by each worker under its relay address. Answers come from memory, at every moment.',
    },
    security: [{ token: [] }],
    paths: {
      [`/${REPLICA_PATH}`]: {
        get: {
          operationId: 'replica',
          summary: 'The worker as a whole',
          parameters: [
            {
              ...{ name: 'runners', in: 'query', required: false },
              description: 'Number of runners to list. Absent: none.',
              schema: { type: 'integer', minimum: 0, maximum: 1000 },
            },
          ],
          responses: { 200: { description: 'What it holds.', content: json('ReplicaAnswer') }, ...refusals },
        },
      },
      [`/${CHATS_PATH}`]: {
        post: {
          operationId: 'chats',
          summary: 'What the worker holds of chats',
          requestBody: { required: true, content: json('ChatsQuestion') },
          responses: {
            200: { description: 'One entry for each chat.', content: json('ChatsAnswer') },
            400: refused('The body is not a question.'),
            413: refused('The body is too large.'),
            ...refusals,
          },
        },
      },
    },
    components: {
      securitySchemes: {
        token: {
          ...{ type: 'http', scheme: 'bearer' },
          description:
            'A JWT (HS256 over INTERNAL_SECRET, `aud` the worker’s id, `iss` chat-debug-gateway), or the shared key of RUNTIME_KEY.',
        },
      },
      schemas: definitions('#/components/schemas/'),
    },
  });
}

/** TypeScript types of the format, as text. */
export function protocolTypes(): string {
  const all = definitions('#/$defs/');
  const lines = [
    '/** Types of runtime protocol 1. `npm run docs` makes this file from `format.ts`. Absent and null: not known. */',
  ];
  for (const [name, schema] of Object.entries(all)) {
    lines.push('', `/** ${schema.description} */`, `export interface ${name} {`);
    for (const [key, value] of Object.entries(schema.properties ?? {})) {
      const isRequired = schema.required?.includes(key);
      lines.push(`  /** ${value.description} */`);
      lines.push(`  readonly ${key}${isRequired ? '' : '?'}: ${typeOf(value)}${isRequired ? '' : ' | undefined'};`);
    }
    lines.push('}');
  }
  return `${lines.join('\n')}\n`;
}

function typeOf(schema: Schema): string {
  if (schema.$ref) return schema.$ref.slice(schema.$ref.lastIndexOf('/') + 1);
  if (schema.anyOf) return schema.anyOf.map(typeOf).join(' | ');
  if (schema.enum) return schema.enum.map((value) => `'${value}'`).join(' | ');
  if (Array.isArray(schema.type)) return schema.type.map((type) => typeOf({ type })).join(' | ');
  if (schema.type === 'array') return `readonly ${typeOf(schema.items ?? {})}[]`;
  return schema.type === 'integer' ? 'number' : String(schema.type ?? 'unknown');
}

if (process.argv[1] === new URL(import.meta.url).pathname) {
  await writeFile(PROTOCOL_FILES.schema, protocolSchema());
  await writeFile(PROTOCOL_FILES.openapi, protocolOpenapi());
  await writeFile(PROTOCOL_FILES.types, protocolTypes());
}
