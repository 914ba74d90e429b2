/** How the executor asks a subgraph. */
import type { GraphQLFormattedError } from 'graphql';
import type { Json } from '../../common/json.ts';

export interface SubgraphRequest {
  readonly query: string;
  readonly variables: Readonly<Json>;
  readonly operationName: string | undefined;
}

export interface SubgraphAnswer {
  /** Belongs to whoever asked, who may add to it. */
  readonly data?: Readonly<Json> | null | undefined;
  readonly errors?: readonly GraphQLFormattedError[] | undefined;
}

/** Should not reject: an exception costs everything that the fetch was to bring. */
export type AskSubgraph<C> = (request: SubgraphRequest, context: C) => Promise<SubgraphAnswer>;
