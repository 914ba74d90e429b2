/** One supergraph, ready to answer: the subgraphs, the limits of a query, and the way it is executed. */
import type { ApolloServer } from '@apollo/server';
import type { DiagnosisSettings } from '../domain/diagnosis/diagnosis.ts';
import type { RoutingContext } from '../routing/ask/routingContext.ts';
import type { Replicas } from '../routing/replicas.ts';
import { readRouting } from '../routing/routedTypes.ts';
import type { DatabaseSubgraph } from '../routing/transport/databaseSubgraph.ts';
import { asksOperator, type OperatorSubgraph } from '../routing/transport/operatorSubgraph.ts';
import type { RecorderSubgraph } from '../routing/transport/recorderSubgraph.ts';
import { type AskSubgraph, asksOver } from '../routing/transport/subgraphAnswer.ts';
import type { GraphqlService } from '../server/graphql/edge.ts';
import { inSpan, SpanKind } from '../server/tracing.ts';
import { diagnosisInProcess } from './execution/diagnosisSubgraph.ts';
import { makeApolloServer } from './http/apolloServer.ts';
import { makeQueries, type Queries, type QueriesOptions } from './queries/answer.ts';
import { makePrepareQuery } from './queries/prepare.ts';
import { makeRereads } from './queries/reread.ts';
import { makeApolloGateway, supergraphOf } from './supergraph/apolloGateway.ts';
import { warmUp } from './warmUp.ts';

export interface ServedOptions
  extends Pick<QueriesOptions, 'maxCost' | 'allowedOperations' | 'limitMutations' | 'log'> {
  readonly diagnosis: DiagnosisSettings;
}

interface ServedSupergraph extends GraphqlService<RoutingContext> {
  readonly queries: Queries;
  /** Server that words refusals; its user stops it. */
  readonly apollo: ApolloServer<RoutingContext>;
}

/**
 * Begins to serve a supergraph, and has tried its queries.
 * @throws Error if the supergraph is not valid, a subgraph of it is not known here, or its routing cannot be read
 */
export async function serveSupergraph(
  options: ServedOptions,
  supergraphSdl: string,
  database: DatabaseSubgraph,
  replicas: Replicas,
  recorder: RecorderSubgraph,
  operator: OperatorSubgraph,
): Promise<ServedSupergraph> {
  const { log } = options;
  const gateway = makeApolloGateway(supergraphSdl, log);
  const apollo = makeApolloServer(gateway, (question, context) => queries.answer(question, context), log);
  await apollo.start(); // loads the gateway
  const supergraph = supergraphOf(gateway, supergraphSdl);
  const routings = readRouting(supergraph.fullSchema);
  if (routings.size === 0) throw new Error('No type of the supergraph is @routed.');
  const subgraphs = new Map(
    supergraph.subgraphs.map((name): [string, AskSubgraph<RoutingContext>] => {
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
      if (name === 'recorder') return [name, asksOver(name, recorder.ask, log)];
      if (name === 'operator') return [name, asksOperator(operator.ask, log)];
      if (name !== 'database') throw new Error(`This gateway knows no subgraph ${name}.`);
      return [name, asksOver(name, database.ask, log)];
    }),
  );
  const subgraph = (name: string) => {
    const found = subgraphs.get(name);
    if (!found) throw new Error(`The supergraph has no subgraph ${name}.`);
    return traced(name, found);
  };
  const onDefect = (err: unknown, { requestId }: RoutingContext) => log.error({ err, requestId }, 'a fetch failed');
  const prepare = makePrepareQuery({ supergraph, subgraph, onDefect });
  const queries = makeQueries({ ...options, prepare, countReplicas: replicas.count });
  const rereads = makeRereads(queries.ask, log);
  await warmUp(queries);
  return { queries, answer: queries.answer, apollo };
}

/** Puts a span around each fetch and all its requests. */
function traced(service: string, ask: AskSubgraph<RoutingContext>): AskSubgraph<RoutingContext> {
  const options = { kind: SpanKind.INTERNAL, attributes: { service } };
  return (request, context) => inSpan('gateway.fetch', options, () => ask(request, context));
}
