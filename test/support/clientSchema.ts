/** The schema as clients see it, to check their operations with. */
import type { GraphQLSchema } from 'graphql';
import { loadSupergraph } from './loadSupergraph.ts';

/** Schema of the supergraph that is checked in. */
export const clientSchema = async (): Promise<GraphQLSchema> => (await loadSupergraph()).apiSchema;
