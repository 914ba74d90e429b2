/**
 * The console's operations: types and texts of what stands in `console/**\/*.graphql`, and the same as a list of
 * allowed operations. `npm run compose` writes both.
 */
import { createHash } from 'node:crypto';
import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { Supergraph } from '@apollo/federation-internals';
import type { GraphQLEnumType, GraphQLInputObjectType, GraphQLInputType, GraphQLOutputType, TypeNode } from 'graphql';
import {
  type DocumentNode,
  type FragmentDefinitionNode,
  type GraphQLSchema,
  getNamedType,
  getOperationAST,
  isEnumType,
  isInputObjectType,
  isLeafType,
  isListType,
  isNonNullType,
  isObjectType,
  Kind,
  type OperationDefinitionNode,
  parse,
  print,
  type SelectionSetNode,
  typeFromAST,
  validate,
  visit,
} from 'graphql';

const folder = fileURLToPath(new URL('../console/', import.meta.url));

/** TypeScript types of the schema's own scalars, as JSON brings them. */
const SCALARS: Readonly<Record<string, string>> = {
  ...{ ID: 'string', String: 'string', Int: 'number', Float: 'number', Boolean: 'boolean' },
  ...{ UUID: 'string', DateTime: 'string', SafeInt: 'number', JSON: 'unknown' },
};

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
  const types = new Types(schema, fragments);
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

type Fragments = ReadonlyMap<string, FragmentDefinitionNode>;

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

/** Types of TypeScript for selections, with the enums and inputs that they name. */
class Types {
  readonly enums = new Map<string, GraphQLEnumType>();
  readonly inputs = new Map<string, GraphQLInputObjectType>();
  readonly #schema: GraphQLSchema;
  readonly #fragments: Fragments;

  constructor(schema: GraphQLSchema, fragments: Fragments) {
    this.#schema = schema;
    this.#fragments = fragments;
  }

  answerOf({ operation, selectionSet }: OperationDefinitionNode): string {
    const root = this.#schema.getRootType(operation);
    if (!root) throw new Error(`The schema has no ${operation}.`);
    return this.#object(root.name, selectionSet);
  }

  /** Type of each fragment, by its name. */
  fragments(): [name: string, type: string][] {
    return [...this.#fragments.values()].map(({ name, typeCondition, selectionSet }) => [
      name.value,
      this.#object(typeCondition.name.value, selectionSet),
    ]);
  }

  variablesOf({ variableDefinitions = [] }: OperationDefinitionNode): string {
    const members = variableDefinitions.map(({ variable, type, defaultValue }) => {
      const mayLack = defaultValue !== undefined || type.kind !== Kind.NON_NULL_TYPE;
      return `readonly ${variable.name.value}${mayLack ? '?' : ''}: ${this.#input(this.#typeOf(type))}`;
    });
    return members.length > 0 ? `{ ${members.join('; ')} }` : 'Record<string, never>';
  }

  inputFields(type: GraphQLInputObjectType): string {
    const members = Object.values(type.getFields()).map(
      (field) => `readonly ${field.name}${isNonNullType(field.type) ? '' : '?'}: ${this.#input(field.type)}`,
    );
    return `{ ${members.join('; ')} }`;
  }

  #typeOf(node: TypeNode): GraphQLInputType {
    const type = typeFromAST(this.#schema, node as never);
    if (!type) throw new Error('A variable has a type that the schema lacks.');
    return type as GraphQLInputType;
  }

  #object(typeName: string, { selections }: SelectionSetNode): string {
    const type = this.#schema.getType(typeName);
    if (!isObjectType(type)) throw new Error(`${typeName} is no object.`);
    const parts: string[] = [];
    const members: string[] = [];
    for (const one of selections) {
      if (one.kind === Kind.FRAGMENT_SPREAD) parts.push(one.name.value);
      else if (one.kind === Kind.INLINE_FRAGMENT) throw new Error('Use named fragments: their types have names.');
      else if (one.name.value === '__typename') members.push(`readonly __typename: '${typeName}'`);
      else {
        const field = type.getFields()[one.name.value];
        if (!field) throw new Error(`${typeName} has no field ${one.name.value}.`);
        members.push(`readonly ${one.alias?.value ?? one.name.value}: ${this.#output(field.type, one.selectionSet)}`);
      }
    }
    if (members.length > 0) parts.push(`{ ${members.join('; ')} }`);
    return parts.join(' & ');
  }

  #output(type: GraphQLOutputType, selected: SelectionSetNode | undefined): string {
    if (!isNonNullType(type)) return `${this.#given(type, selected)} | null`;
    return this.#given(type.ofType, selected);
  }

  #given(type: GraphQLOutputType, selected: SelectionSetNode | undefined): string {
    if (isListType(type)) return `readonly (${this.#output(type.ofType, selected)})[]`;
    const named = getNamedType(type);
    return selected ? this.#object(named.name, selected) : this.#leaf(named);
  }

  #input(type: GraphQLInputType): string {
    if (!isNonNullType(type)) return `${this.#inputGiven(type)} | null`;
    return this.#inputGiven(type.ofType);
  }

  #inputGiven(type: GraphQLInputType): string {
    if (isListType(type)) return `readonly (${this.#input(type.ofType)})[]`;
    const named = getNamedType(type);
    if (!isInputObjectType(named)) return this.#leaf(named);
    this.inputs.set(named.name, named);
    return named.name;
  }

  #leaf(type: unknown): string {
    if (isEnumType(type)) {
      this.enums.set(type.name, type);
      return type.name;
    }
    const name = isLeafType(type) ? type.name : String(type);
    const known = SCALARS[name];
    if (known === undefined) throw new Error(`No type is known for the scalar ${name}.`);
    return known;
  }
}

interface Listed {
  readonly name: string;
  readonly type: string;
  readonly body: string;
  readonly answer: string;
  readonly variables: string;
}

function typesText(listed: readonly Listed[], types: Types): string {
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
