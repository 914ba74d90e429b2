/**
 * Operations that metrics may name: those that this project gives to clients.
 * Clients can make up any number of names, and each would be a series for ever.
 */
import { Kind, parse } from 'graphql';
import * as ofConsole from '../../console/data/operations.ts';
import { MCP_MUTATIONS } from '../mcp/act.ts';
import { MCP_OPERATIONS } from '../mcp/ask.ts';
import { SNAPSHOT_OPERATION } from '../queries/snapshotOperation.ts';
import { exampleQueries } from './graphiql.ts';

/** Label of an operation: its name, `none` without one, `other` for any unknown one. */
export function makeOperationLabel(): (operation: string | undefined) => string {
  const ofAssistants = [...Object.values(MCP_OPERATIONS), ...Object.values(MCP_MUTATIONS)];
  const documents = [SNAPSHOT_OPERATION, ...exampleQueries().map(({ query }) => query), ...ofAssistants];
  const definitions = documents.flatMap((document) => parse(document).definitions);
  const known = new Set([
    ...Object.values(ofConsole).map(({ name }) => name),
    ...definitions.map((definition) =>
      definition.kind === Kind.OPERATION_DEFINITION ? definition.name?.value : undefined,
    ),
  ]);
  return (operation) => {
    if (operation === undefined) return 'none';
    return known.has(operation) ? operation : 'other';
  };
}
