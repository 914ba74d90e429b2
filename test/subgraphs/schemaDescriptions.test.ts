/** Check that everything in the schema says what it is: people read it in GraphiQL. */
import { readFileSync } from 'node:fs';
import { buildSubgraphSchema } from '@apollo/subgraph';
import { describe, expect, test } from '@jest/globals';
import {
  type GraphQLArgument,
  type GraphQLSchema,
  isEnumType,
  isInputObjectType,
  isInterfaceType,
  isObjectType,
  isSpecifiedDirective,
  parse,
} from 'graphql';

const SUBGRAPHS = ['database', 'runtime', 'diagnosis', 'recorder', 'operator'];

/** Written by the federation library, not by us. */
const OF_FEDERATION = /^(_|federation__|link__|FieldSet$|Query\._)|^@(?!routed)/;

type Described = { description?: string | null | undefined };

function* everything(schema: GraphQLSchema): Generator<[name: string, described: Described]> {
  for (const type of Object.values(schema.getTypeMap())) {
    const builtIn = type.name.startsWith('__') || /^(String|Int|Float|Boolean|ID)$/.test(type.name);
    if (builtIn) continue;
    if (type.name !== 'Query') yield [type.name, type];
    if (isEnumType(type)) for (const value of type.getValues()) yield [`${type.name}.${value.name}`, value];
    if (isInputObjectType(type)) {
      for (const field of Object.values(type.getFields())) yield [`${type.name}.${field.name}`, field];
    }
    if (isObjectType(type) || isInterfaceType(type)) {
      for (const field of Object.values(type.getFields())) {
        yield [`${type.name}.${field.name}`, field];
        yield* parameters(`${type.name}.${field.name}`, field.args);
      }
    }
  }
  for (const directive of schema.getDirectives()) {
    if (isSpecifiedDirective(directive)) continue;
    yield [`@${directive.name}`, directive];
    yield* parameters(`@${directive.name}`, directive.args);
  }
}

function* parameters(of: string, args: readonly GraphQLArgument[]): Generator<[string, Described]> {
  for (const arg of args) yield [`${of}(${arg.name}:)`, arg];
}

describe.each(SUBGRAPHS)('in the schema of the %s subgraph', (name) => {
  const file = new URL(`../../subgraphs/${name}/schema.graphql`, import.meta.url);
  const schema = buildSubgraphSchema({ typeDefs: parse(readFileSync(file, 'utf8')) });
  const ours = [...everything(schema)].filter(([named]) => !OF_FEDERATION.test(named));

  test('every type, field, argument, value and directive has a description', () => {
    const silent = ours.filter(([, { description }]) => !description?.trim()).map(([named]) => named);
    expect(silent).toEqual([]);
  });

  test('every description is a sentence', () => {
    const odd = ours.filter(([, { description }]) => !/^[A-Z].*[.:]$/s.test(description?.trim() ?? ''));
    expect(odd.map(([named]) => named)).toEqual([]);
  });
});

test('the walk sees each kind of thing', () => {
  const sdl = `directive @routed(by: String!) on OBJECT
    type Query { field(argument: Input): Enum } input Input { inner: Scalar } enum Enum { VALUE } scalar Scalar`;
  const silent = [...everything(buildSubgraphSchema({ typeDefs: parse(sdl) }))].map(([named]) => named);
  expect(silent).toEqual(
    expect.arrayContaining([
      '@routed',
      '@routed(by:)',
      'Query.field',
      'Query.field(argument:)',
      'Input',
      'Input.inner',
      'Enum',
      'Enum.VALUE',
      'Scalar',
    ]),
  );
});
