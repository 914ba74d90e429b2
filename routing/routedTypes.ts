/** Reads from the supergraph which types are routed, by what, and to which subgraph they belong: none is known by name. */
import { buildSubgraphSchema } from '@apollo/subgraph';
import {
  type ConstDirectiveNode,
  type DocumentNode,
  type GraphQLObjectType,
  type GraphQLSchema,
  getNamedType,
  isObjectType,
  Kind,
  type ObjectTypeDefinitionNode,
} from 'graphql';
import { argument } from './ask/since.ts';

/** A type with `@routed(by:, outcome:)`. */
export interface RoutedType {
  readonly type: GraphQLObjectType;
  /** The key field whose value is the id of the replica to ask. */
  readonly by: string;
  /** The field that the router fills. */
  readonly outcome: string;
}

/** Routing of the entities of one subgraph. */
export interface Routing {
  readonly schema: GraphQLSchema;
  /** Types by `__typename`. */
  readonly types: ReadonlyMap<string, RoutedType>;
}

/**
 * The subgraphs that have routed types, by name.
 * @param schema the supergraph's, with its AST nodes
 * @throws if a routed type does not have the fields that its directive names
 */
export function readRouting(schema: GraphQLSchema): ReadonlyMap<string, Routing> {
  const names = subgraphNames(schema);
  const found = new Map<string, { schema: GraphQLSchema; types: Map<string, RoutedType> }>();
  for (const [definition, routed] of routedIn(schema)) {
    for (const graph of answeringGraphs(definition)) {
      const subgraph = names.get(graph) ?? graph;
      const routing = found.get(subgraph) ?? { schema, types: new Map() };
      routing.types.set(definition.name.value, routed);
      found.set(subgraph, routing);
    }
  }
  return found;
}

/** Reads from a subgraph's own schema how its entities are routed. @throws as `readRouting` does */
export function readSubgraphRouting(typeDefs: DocumentNode): Routing {
  const schema = buildSubgraphSchema([{ typeDefs }]);
  return { schema, types: new Map(routedIn(schema).map(([{ name }, routed]) => [name.value, routed])) };
}

/** @param schema with its AST nodes */
const routedIn = (schema: GraphQLSchema) =>
  Object.values(schema.getTypeMap()).flatMap(({ astNode: definition }): [ObjectTypeDefinitionNode, RoutedType][] => {
    if (definition?.kind !== Kind.OBJECT_TYPE_DEFINITION) return [];
    const directive = definition.directives?.find(({ name }) => name.value === 'routed');
    return directive ? [[definition, routedType(schema, definition.name.value, directive)]] : [];
  });

function routedType(schema: GraphQLSchema, name: string, directive: ConstDirectiveNode): RoutedType {
  const type = schema.getType(name);
  const by = argument(directive, 'by');
  const outcome = argument(directive, 'outcome');
  const fields = isObjectType(type) ? type.getFields() : {};
  if (!isObjectType(type) || !by || !outcome || !fields[by] || !isObjectType(getNamedType(fields[outcome]?.type))) {
    throw new Error(`@routed on ${name} names a field that is not there: by ${by}, outcome ${outcome}`);
  }
  return { type, by, outcome };
}

/** The enum values of `join__Graph` of the subgraphs that resolve the type by a key. */
function answeringGraphs(definition: ObjectTypeDefinitionNode): string[] {
  const joins = definition.directives?.filter((directive) => directive.name.value === 'join__type') ?? [];
  return joins
    .filter((join) => argument(join, 'key') !== undefined && argument(join, 'resolvable') !== 'false')
    .map((join) => argument(join, 'graph') ?? '');
}

/** `RUNTIME` → `runtime`: the names that the gateway hands its data sources by. */
function subgraphNames(schema: GraphQLSchema): ReadonlyMap<string, string> {
  const graphs = schema.getType('join__Graph')?.astNode;
  if (graphs?.kind !== Kind.ENUM_TYPE_DEFINITION) throw new Error('The supergraph names no subgraph');
  return new Map(
    graphs.values?.map((value) => {
      const graph = value.directives?.find((directive) => directive.name.value === 'join__graph');
      return [value.name.value, (graph && argument(graph, 'name')) ?? value.name.value];
    }),
  );
}
