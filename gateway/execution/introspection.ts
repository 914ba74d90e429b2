/** `__schema` and `__type`: answered from the schema that clients see, whatever else the operation asks for. */
import {
  BREAK,
  type DocumentNode,
  executeSync,
  type GraphQLFormattedError,
  type GraphQLSchema,
  Kind,
  type OperationDefinitionNode,
  OperationTypeNode,
  visit,
} from 'graphql';
import { collectFields } from 'graphql/execution/collectFields.js';
import { type Json, setOwn } from '../../common/json.ts';
import type { ErrorCode } from '../../server/graphql/errors.ts';
import { fragmentsOf } from '../../server/graphql/fragments.ts';
import { isOfSchema } from './planDocument.ts';

/** The data with what is asked of the schema in it, each key where the operation has it. Only null for a name is an error. */
type Introspect = (data: Json, variables: Readonly<Json>) => { data: Json; errors: GraphQLFormattedError[] };

/** Undefined when nothing is asked of the schema. */
export function compileIntrospection(
  schema: GraphQLSchema,
  document: DocumentNode,
  operation: OperationDefinitionNode,
): Introspect | undefined {
  const root = schema.getQueryType();
  if (!root || operation.operation !== OperationTypeNode.QUERY || !asksForSchema(document)) return undefined;
  const fragments = fragmentsOf(document);
  return (data, variables) => {
    const fields = collectFields(schema, fragments, variables, root, operation.selectionSet);
    const selections = [...fields.values()].flat().filter(isOfSchema);
    const asked = { ...operation, selectionSet: { kind: Kind.SELECTION_SET, selections } } as const;
    const definitions = [asked, ...Object.values(fragments)];
    const found = executeSync({ schema, document: { kind: Kind.DOCUMENT, definitions }, variableValues: variables });
    const all: Json = {};
    for (const key of fields.keys()) {
      const value = Object.hasOwn(data, key) ? data[key] : found.data?.[key];
      if (value !== undefined) setOwn(all, key, value);
    }
    const errors = (found.errors ?? []).map(({ message, path }) => ({ message, ...(path && { path }), ...REFUSED }));
    return { data: all, errors };
  };
}

const REFUSED = { extensions: { code: 'BAD_USER_INPUT' satisfies ErrorCode } };

function asksForSchema(document: DocumentNode): boolean {
  let found = false;
  visit(document, {
    Field: (node) => {
      found ||= isOfSchema(node);
      return found ? BREAK : undefined;
    },
  });
  return found;
}
