/**
 * The console's operations: types and texts of what stands in `console/**\/*.graphql`, and the same as a list of
 * allowed operations. `npm run compose` writes both.
 */
import { createHash } from 'node:crypto';
import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { Supergraph } from '@apollo/federation-internals';
import {
  type DocumentNode,
  type FragmentDefinitionNode,
  type GraphQLSchema,
  getOperationAST,
  Kind,
  type OperationDefinitionNode,
  parse,
  print,
  validate,
  visit,
} from 'graphql';
import { type Fragments, SelectionTypes } from './consoleOperations/selectionTypes.ts';

const folder = fileURLToPath(new URL('../console/', import.meta.url));

interface ConsoleFiles {
  /** `console/data/operations.ts`. */
  readonly types: string;
  /** `console/operations.json`, a persisted query manifest of version 1. */
  readonly manifest: string;
}

/** Schema that clients see. */
export const apiSchemaOf = (supergraphSdl: string): GraphQLSchema =>
  Supergraph.build(supergraphSdl).apiSchema().toGraphQLJSSchema();

/** @throws Error if an operation is not valid by the schema */
export function consoleFiles(schema: GraphQLSchema): ConsoleFiles {
  const document = readOperations();
  const problems = validate(schema, document);
  if (problems.length > 0) throw new Error(problems.map(String).join('\n\n'));
  const fragments = new Map(
    document.definitions.flatMap((one) => (one.kind === Kind.FRAGMENT_DEFINITION ? [[one.name.value, one]] : [])),
  );
  const operations = document.definitions.filter((one) => one.kind === Kind.OPERATION_DEFINITION);
  const types = new SelectionTypes(schema, fragments);
  const listed = operations.map((operation) => ({
    name: operation.name?.value ?? '',
    type: operation.operation,
    body: bodyOf(operation, fragments),
    answer: types.answerOf(operation),
    variables: types.variablesOf(operation),
  }));
  return { types: typesText(listed, types), manifest: manifestText(listed) };
}

/** All files as one document, in the order of their paths. */
function readOperations(): DocumentNode {
  const files = readdirSync(folder, { recursive: true, encoding: 'utf8' })
    .filter((file) => file.endsWith('.graphql'))
    .sort();
  const definitions = files.flatMap((file) => parse(readFileSync(join(folder, file), 'utf8')).definitions);
  return { kind: Kind.DOCUMENT, definitions };
}

/** One operation with the fragments that it needs. */
function bodyOf(operation: OperationDefinitionNode, fragments: Fragments): string {
  const needed = new Map<string, FragmentDefinitionNode>();
  const collect = (node: OperationDefinitionNode | FragmentDefinitionNode) =>
    visit(node, {
      FragmentSpread: ({ name: { value } }) => {
        const found = fragments.get(value);
        if (!found || needed.has(value)) return;
        needed.set(value, found);
        collect(found);
      },
    });
  collect(operation);
  return [operation, ...needed.values()].map(print).join('\n');
}

interface Listed {
  readonly name: string;
  readonly type: string;
  readonly body: string;
  readonly answer: string;
  readonly variables: string;
}

function typesText(listed: readonly Listed[], types: SelectionTypes): string {
  const fragments = types.fragments().map(([name, type]) => `export type ${name} = ${type};`);
  const inputs = new Map<string, string>();
  for (let left = [...types.inputs.values()]; left.length > 0; ) {
    for (const input of left) inputs.set(input.name, `export type ${input.name} = ${types.inputFields(input)};`);
    left = [...types.inputs.values()].filter(({ name }) => !inputs.has(name));
  }
  const enums = [...types.enums.values()]
    .sort((a, b) => a.name.localeCompare(b.name))
    .map(
      (type) =>
        `export type ${type.name} = ${type
          .getValues()
          .map(({ value }) => `'${value}'`)
          .join(' | ')};`,
    );
  const operations = listed.map(
    ({ name, type, body, answer, variables }) =>
      `export type ${name}Answer = ${answer};\nexport type ${name}Variables = ${variables};\n` +
      `export const ${name}: Operation<${name}Answer, ${name}Variables> = { name: '${name}', type: '${type}', text: ${JSON.stringify(body)} };`,
  );
  return `${[
    '// Made by `npm run compose` from console/**/*.graphql. Do not edit.',
    "import type { Operation } from './operation.ts';",
    ...enums,
    ...[...inputs.values()],
    ...fragments,
    ...operations,
  ].join('\n\n')}\n`;
}

const sha256 = (text: string) => createHash('sha256').update(text).digest('hex');

function manifestText(listed: readonly Listed[]): string {
  const operations = listed.map(({ name, type, body }) => {
    if (getOperationAST(parse(body))?.operation !== type) throw new Error(`${name} is not one ${type}.`);
    return { id: sha256(body), name, type, body };
  });
  return `${JSON.stringify({ format: 'apollo-persisted-query-manifest', version: 1, operations }, null, 2)}\n`;
}
