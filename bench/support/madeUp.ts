/** Answers of the subgraphs' stand-ins: the real schemas, and a value for each kind of leaf. */
import { readFileSync } from 'node:fs';
import { buildSubgraphSchema } from '@apollo/subgraph';
import { type GraphQLNamedType, type GraphQLSchema, isEnumType, isLeafType, parse } from 'graphql';

const VALUES: Readonly<Record<string, unknown>> = {
  ...{
    Boolean: true,
    DateTime: '2026-11-22T09:30:00.000Z',
    Float: 1.5,
    ID: 'x',
    Int: 7,
    JSON: { kind: 'x' },
    SafeInt: 7,
  },
  ...{ String: 'text', UUID: 'eeeeeeee-0000-4000-8000-000000000001' },
};

/** The first value of an enum, the same value each time of a scalar; undefined for what has fields. */
export function madeUpLeaf(type: GraphQLNamedType): unknown {
  if (isEnumType(type)) return type.getValues()[0]?.value;
  return isLeafType(type) ? VALUES[type.name] : undefined;
}

/** The schema that the subgraph itself serves, without its resolvers. */
export function schemaOf(subgraph: 'database' | 'runtime'): GraphQLSchema {
  const file = new URL(`../../subgraphs/${subgraph}/schema.graphql`, import.meta.url);
  return buildSubgraphSchema({ typeDefs: parse(readFileSync(file, 'utf8')) });
}
