/** Errors about the entities of a list, told where those entities stand: in a longer list, or in a response. */
import type { GraphQLFormattedError } from 'graphql';

export type Path = readonly (string | number)[];

/**
 * Reads a path as a subgraph gives it.
 * @returns the place of the entity in the list of `_entities`, undefined for an error about none of them, and the path from there on
 */
export function aboutOf({ path }: GraphQLFormattedError): { readonly index: number | undefined; readonly below: Path } {
  const [root, index, ...below] = path ?? [];
  return root === '_entities' && typeof index === 'number' ? { index, below } : { index: undefined, below: [] };
}

/** The error on another path. Where it stood in the subgraph's own query says nothing to its reader, nor does that it had a path. */
export const toldAt = (
  { message, extensions }: GraphQLFormattedError,
  path: Path | undefined,
): GraphQLFormattedError => ({ message, ...(path && { path }), ...(extensions && { extensions }) });
