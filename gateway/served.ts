/** One supergraph, ready to answer: which subgraph is asked where, what a query may ask for, and how it is executed. */

import type { DiagnosisSettings } from '../domain/diagnosis/diagnosis.ts';
import type { Replicas } from '../routing/replicas.ts';
import { readRouting } from '../routing/routedTypes.ts';
import type { DatabaseSubgraph } from '../routing/transport/databaseSubgraph.ts';
import { type AskSubgraph, asksOver } from '../routing/transport/subgraphAnswer.ts';
import type { Logger } from '../server/log.ts';
import { inSpan, SpanKind } from '../server/tracing.ts';
import { diagnosisInProcess } from './execution/diagnosisSubgraph.ts';
import { makeRereads } from './execution/reread.ts';
import type { GatewayContext } from './gatewayContext.ts';
import { makeApolloServer } from './http/apolloServer.ts';
import type { AllowedOperations } from './queries/allowedOperations.ts';
import { makeOperations, type Operations } from './queries/operations.ts';
import { makeQueryLimits, type QueryLimits } from './queries/queryLimits.ts';
import { buildSupergraph } from './supergraph/load.ts';

export interface ServedOptions {
  /** The estimated cost up to which a query is answered. */
  readonly maxCost: number;
  /** The only operations that are answered; unset: all. */
  readonly allowedOperations?: AllowedOperations | undefined;
  readonly diagnosis: DiagnosisSettings;
  readonly log: Logger;
}

export interface ServedSupergraph {
  /** Queries of clients must pass before they are prepared. */
  readonly limits: QueryLimits;
  readonly operations: Operations;
  /** Answers what is no ordinary request over HTTP, by the same operations. Started by whoever serves it. */
  readonly apollo: ReturnType<typeof makeApolloServer>;
}

/** @throws Error if a subgraph of the supergraph is not known here, or its routing cannot be read */
export function makeServedSupergraph(
  options: ServedOptions,
  supergraphSdl: string,
  database: DatabaseSubgraph,
  replicas: Replicas,
): ServedSupergraph {
  const { log } = options;
  const supergraph = buildSupergraph(supergraphSdl);
  const routings = readRouting(supergraphSdl);
  if (routings.size === 0) throw new Error('No type of the supergraph is @routed.');
  const subgraphs = new Map(
    supergraph.subgraphs.map((name): [string, AskSubgraph<GatewayContext>] => {
      const routing = routings.get(name);
      if (routing) return [name, replicas.router(routing)];
      if (name === 'diagnosis') {
        return [
          name,
          asksOver(
            name,
            diagnosisInProcess(options.diagnosis, (context) => rereads(context), log),
            log,
          ),
        ];
      }
      if (name !== 'database') throw new Error(`This gateway knows no subgraph ${name}.`);
      return [name, asksOver(name, database.ask, log)];
    }),
  );
  const subgraph = (name: string) => {
    const found = subgraphs.get(name);
    if (!found) throw new Error(`The supergraph has no subgraph ${name}.`);
    return traced(name, found);
  };
  const operations = makeOperations({ supergraph, subgraph, log });
  const rereads = makeRereads(operations, log);
  return {
    limits: makeQueryLimits({ supergraphSdl, maxCost: options.maxCost, countReplicas: replicas.count }),
    operations,
    apollo: makeApolloServer({ supergraph, operations, allowedOperations: options.allowedOperations, log }),
  };
}

/** A span for each fetch, around whatever requests it comes to. */
function traced(service: string, ask: AskSubgraph<GatewayContext>): AskSubgraph<GatewayContext> {
  const options = { kind: SpanKind.INTERNAL, attributes: { service } };
  return (request, context) => inSpan('gateway.fetch', options, () => ask(request, context));
}
