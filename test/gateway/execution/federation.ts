/** A federation in this process: subgraphs that make up their answers, and both executors over them. */
import { ApolloGateway } from '@apollo/gateway';
import { ApolloServer } from '@apollo/server';
import { buildSubgraphSchema } from '@apollo/subgraph';
import {
  execute,
  type GraphQLFieldResolver,
  type GraphQLFormattedError,
  getNamedType,
  getOperationAST,
  isAbstractType,
  isEnumType,
  isLeafType,
  isListType,
  isNonNullType,
  parse,
} from 'graphql';
import type { Json } from '../../../common/json.ts';
import { compileOperation } from '../../../gateway/execution/executor.ts';
import type { Supergraph } from '../../../gateway/supergraph/apolloGateway.ts';
import type { AskSubgraph } from '../../../routing/transport/subgraphAnswer.ts';
import { switchOffVendorTelemetry } from '../../../server/settings/config.ts';
import { loadSupergraph } from '../../support/loadSupergraph.ts';
import { composed } from './composed.ts';
import { drawFrom } from './draw.ts';

/** Answers of both executors. `lost`: places of values that the schema does not allow. */
interface Answered {
  readonly data: unknown;
  readonly errors: readonly GraphQLFormattedError[];
  readonly lost: readonly string[];
}

/** Frequency in 100 values. */
export interface Faults {
  readonly nulls: number;
  /** Also where the schema allows none. */
  readonly errors: number;
}

export async function makeFederation(schemas: Readonly<Record<string, string>>, faults: Faults) {
  const supergraphSdl = composed(schemas);
  const asked: string[] = [];
  const subgraphs = new Map(Object.entries(schemas).map(([name, sdl]) => [name, makeSubgraph(parse(sdl), faults)]));
  const subgraph = (name: string): AskSubgraph<unknown> => {
    const ask = subgraphs.get(name);
    if (!ask) throw new Error(`There is no subgraph ${name}`);
    return (request, context) => {
      const variables: Json = JSON.parse(JSON.stringify(request.variables)); // as it would come over HTTP
      const given = Object.entries(variables).sort(([a], [b]) => (a < b ? -1 : 1));
      asked.push(`${name} ${request.query} ${JSON.stringify(given)}`);
      return ask({ ...request, variables }, context);
    };
  };
  const supergraph = await loadSupergraph(supergraphSdl);
  return {
    schema: supergraph.apiSchema,
    /** Requests to the subgraphs since the last call, sorted. */
    takeAsked: () => asked.splice(0).sort(),
    ours: (query: string, variables: Json = {}) => askOurs(supergraph, subgraph, query, variables),
    stock: makeStock(supergraphSdl, subgraph),
  };
}

async function askOurs(
  { apiSchema, fullSchema, plan, planKey }: Supergraph,
  subgraph: (name: string) => AskSubgraph<unknown>,
  query: string,
  variables: Json,
): Promise<Answered> {
  const document = parse(query);
  const operation = getOperationAST(document);
  if (!operation) throw new Error('It has no operation');
  const onDefect = (error: unknown) => {
    throw error;
  };
  const run = compileOperation(
    { apiSchema, schema: fullSchema, planKey, subgraph, onDefect },
    { document, operation, plan: plan(document, operation) },
  );
  const { data, errors, lost } = await run(variables, undefined);
  return { data, errors, lost: errors.length > 0 ? [] : lost.map(({ path }) => path.join('.')).sort() };
}

/** Started at the first question. */
function makeStock(supergraphSdl: string, subgraph: (name: string) => AskSubgraph<unknown>) {
  switchOffVendorTelemetry();
  const silent = { debug: () => {}, info: () => {}, warn: () => {}, error: () => {} };
  const gateway = new ApolloGateway({
    supergraphSdl,
    logger: silent,
    buildService: ({ name }) => ({
      process: async ({ request: { query = '', variables = {}, operationName } }) =>
        (await subgraph(name)({ query, variables, operationName }, undefined)) as never,
    }),
  });
  const server = new ApolloServer({ gateway, logger: silent, includeStacktraceInErrorResponses: false });
  let started: Promise<void> | undefined;
  return async (query: string, variables: Json = {}): Promise<Answered> => {
    started ??= server.start();
    await started;
    const { body } = await server.executeOperation({ query, variables });
    if (body.kind !== 'single') throw new Error('It is no single answer');
    const { data, errors = [], extensions } = body.singleResult;
    const lost = (extensions?.valueCompletion ?? []) as { path: string[] }[];
    return { data, errors, lost: lost.map(({ path }) => path.join('.')).sort() };
  };
}

/** Every value follows from the object, the field and its arguments alone, so that it is the same whoever asks, and when. */
function makeSubgraph(typeDefs: ReturnType<typeof parse>, faults: Faults): AskSubgraph<unknown> {
  const schema = buildSubgraphSchema({ typeDefs });
  const fieldResolver: GraphQLFieldResolver<Json | undefined, unknown> = (source, args, _context, info) => {
    const { fieldName, parentType, returnType } = info;
    if (source && Object.hasOwn(source, fieldName)) return source[fieldName];
    const { __typename: _, ...given } = source ?? {}; // the same object, whether it is called by its type or an interface
    const known = Object.entries(given).sort(([a], [b]) => (a < b ? -1 : 1));
    const draw = drawFrom(JSON.stringify([parentType.name, known, fieldName, args]));
    if (draw(100) < faults.errors) throw new Error(`No ${parentType.name}.${fieldName}`);
    const make = (type: typeof returnType): unknown => {
      if (isNonNullType(type)) return make(type.ofType);
      if (type !== returnType || !isNonNullType(returnType)) if (draw(100) < faults.nulls) return null;
      if (isListType(type)) return Array.from({ length: draw(4) }, () => make(type.ofType));
      const named = getNamedType(type);
      if (isEnumType(named)) return named.getValues()[draw(named.getValues().length)]?.name;
      if (isLeafType(named))
        return named.name === 'String' || named.name === 'ID' ? `${fieldName} ${draw(9)}` : draw(9);
      const possible = isAbstractType(named) ? schema.getPossibleTypes(named) : [named];
      return { __typename: possible[draw(possible.length)]?.name, id: String(draw(5)) };
    };
    return make(returnType);
  };
  return async ({ query, variables, operationName }) => {
    const document = parse(query);
    const answer = await execute({ schema, document, variableValues: variables, operationName, fieldResolver });
    return JSON.parse(JSON.stringify(answer));
  };
}
