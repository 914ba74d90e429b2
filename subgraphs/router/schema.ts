/**
 * The executable schema of the router. Entities of every routed type come from the replicas, already resolved, under
 * the request's response keys.
 * What is selected below them is only handed on, and checked by its type once more.
 */
import type { GraphQLSchemaModule } from '@apollo/subgraph/dist/schema-helper/index.js';
import { type DocumentNode, GraphQLError, type GraphQLFieldResolver, Kind } from 'graphql';
import type { RoutingContext } from '../../routing/ask/routingContext.ts';
import type { Representation } from '../../routing/ask/share.ts';
import type { RouteEntities } from '../../routing/route.ts';
import { entityFetch } from './entityFetch.ts';

export interface RouterContext extends RoutingContext {
  /** Errors about what replicas did not answer, with their paths in the response. Executing an operation adds to them. */
  readonly errors: GraphQLError[];
}

type Resolvers = NonNullable<GraphQLSchemaModule['resolvers']>;
type Resolver = GraphQLFieldResolver<unknown, RouterContext>;

/** @param typeDefs of the subgraph, without what federation adds to every schema */
export function routerResolvers(typeDefs: DocumentNode, routeEntities: RouteEntities): Resolvers {
  const typeOf = new WeakMap<object, unknown>();
  const entities: GraphQLFieldResolver<unknown, RouterContext, { representations: readonly Representation[] }> = async (
    _root,
    { representations },
    context,
    info,
  ) => {
    const { data, errors } = await routeEntities(entityFetch(info, representations), context);
    if (!data) throw new GraphQLError(errors[0]?.message ?? 'The replicas could not be asked.');
    for (const { message, path = [], extensions = {} } of errors) {
      if (extensions.code === 'FIELD_UNSUPPORTED') continue; // most are of fields that only a diagnosis requires
      context.errors.push(new GraphQLError(message, { path: [info.path.key, ...path.slice(1)], extensions }));
    }
    for (const [i, entity] of data._entities.entries()) typeOf.set(entity, representations[i]?.__typename);
    return data._entities;
  };
  const handOn = Object.fromEntries(
    typeDefs.definitions.flatMap((definition) =>
      definition.kind === Kind.OBJECT_TYPE_DEFINITION
        ? [
            [
              definition.name.value,
              Object.fromEntries((definition.fields ?? []).map(({ name }) => [name.value, byKey])),
            ],
          ]
        : [],
    ),
  );
  return {
    ...handOn,
    Query: { _entities: entities },
    _Entity: { __resolveType: (entity: object) => typeOf.get(entity) },
  };
}

const byKey: Resolver = (source, _args, _context, { path }) => (source as Record<string, unknown>)[path.key];
