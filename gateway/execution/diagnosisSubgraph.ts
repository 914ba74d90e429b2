/** The diagnosis subgraph inside this process: no request leaves it but the one second reading of chats that look stuck. */
import { type DocumentNode, execute, parse } from 'graphql';
import { LRUCache } from 'lru-cache';
import type { DiagnosisSettings } from '../../domain/diagnosis/diagnosis.ts';
import type { RoutingContext } from '../../routing/routingContext.ts';
import { logMasked } from '../../server/graphql/maskedErrors.ts';
import type { Logger } from '../../server/log.ts';
import type { DiagnosisContext, Reread } from '../../subgraphs/diagnosis/resolvers.ts';
import { makeDiagnosisSchema } from '../../subgraphs/diagnosis/schema.ts';
import type { AskSubgraph } from './subgraph.ts';

/** Of the texts whose parsed form is kept, in all: plans are kept, too, so the same few come again and again. */
const MAX_CACHED_CHARACTERS = 60_000;

/** For one fetch. */
export type MakeReread = (context: RoutingContext) => Reread;

export function makeDiagnosisSubgraph(
  settings: DiagnosisSettings,
  makeReread: MakeReread,
  log: Logger,
): AskSubgraph<RoutingContext> {
  const schema = makeDiagnosisSchema();
  const documents = new LRUCache<string, DocumentNode>({
    maxSize: MAX_CACHED_CHARACTERS,
    sizeCalculation: (_, query) => query.length,
  });
  const read = (query: string): DocumentNode => {
    const known = documents.get(query);
    if (known) return known;
    const document = parse(query, { noLocation: true });
    documents.set(query, document);
    return document;
  };
  return async ({ query, variables, operationName }, context) => {
    const contextValue: DiagnosisContext = { caller: context.caller, settings, reread: makeReread(context) };
    const document = read(query);
    const { data, errors } = await execute({
      ...{ schema, document, variableValues: variables, operationName, contextValue },
    });
    if (errors) logMasked(log, context.requestId, errors); // whoever is told of them by JSON does not see their stacks
    return { data, errors: errors?.map((error) => error.toJSON()) };
  };
}
