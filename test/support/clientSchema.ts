/** The schema as clients see it, to check their operations with. */
import type { GraphQLSchema } from 'graphql';
import { buildSupergraph, readSupergraph } from '../../gateway/supergraph/load.ts';

/** Of the supergraph that is checked in. */
export const clientSchema = (): GraphQLSchema => buildSupergraph(readSupergraph(undefined)).apiSchema;
