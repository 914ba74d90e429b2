/**
 * Operations that metrics may name. Names come from clients, who can make up as many as they like, and each would be a series
 * for ever; so only those that this project itself gives to clients are kept apart.
 */
import { Kind, parse } from 'graphql';
import { exampleQueries } from './graphiql.ts';
import { SNAPSHOT_OPERATION } from './snapshotRoute.ts';

/** The name itself, `none` for an operation without one, `other` for all that are not known. */
export function makeOperationLabel(): (operation: string | undefined) => string {
  const documents = [SNAPSHOT_OPERATION, ...exampleQueries().map(({ query }) => query)];
  const definitions = documents.flatMap((document) => parse(document).definitions);
  const known = new Set(
    definitions.map((definition) =>
      definition.kind === Kind.OPERATION_DEFINITION ? definition.name?.value : undefined,
    ),
  );
  return (operation) => {
    if (operation === undefined) return 'none';
    return known.has(operation) ? operation : 'other';
  };
}
