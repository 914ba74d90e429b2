/** The diagnosis as an executable subgraph, for a process of its own or inside a gateway. */
import { readFileSync } from 'node:fs';
import { buildSubgraphSchema } from '@apollo/subgraph';
import { type GraphQLSchema, parse } from 'graphql';
import { SCHEMA_FILE } from './requiredFields.ts';
import { resolvers } from './resolvers.ts';

/** Makes the schema. Its context is a `DiagnosisContext`. */
export const makeDiagnosisSchema = (): GraphQLSchema =>
  buildSubgraphSchema([{ typeDefs: parse(readFileSync(SCHEMA_FILE, 'utf8'), { noLocation: true }), resolvers }]);
