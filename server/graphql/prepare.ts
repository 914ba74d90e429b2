/** Questions that can be executed as they are. */
import {
  type DocumentNode,
  type GraphQLSchema,
  getOperationAST,
  NoSchemaIntrospectionCustomRule,
  type OperationDefinitionNode,
  parse,
  specifiedRules,
  validate,
} from 'graphql';
import { LRUCache } from 'lru-cache';
import type { GraphqlBody } from './ordinaryRequest.ts';
import { findBadRepresentation } from './representations.ts';

/** Of the queries that are kept, together: the questions of one gateway are some dozens. */
const MAX_KEPT_CHARACTERS = 200_000;
const RULES = [...specifiedRules, NoSchemaIntrospectionCustomRule];

interface Known {
  readonly document: DocumentNode;
  readonly operation: OperationDefinitionNode;
}

/** @returns what gives a question's document, or undefined: it is not one valid query alone in its document, or it asks for entities that are none */
export function makePrepare(schema: GraphQLSchema): (question: GraphqlBody) => DocumentNode | undefined {
  const kept = new LRUCache<string, Known>({
    maxSize: MAX_KEPT_CHARACTERS,
    sizeCalculation: (_, query) => query.length,
  });
  const read = (query: string): Known | undefined => {
    const known = kept.get(query);
    if (known) return known;
    const found = readValid(schema, query);
    if (found) kept.set(query, found);
    return found;
  };
  return ({ query, variables = {}, operationName }) => {
    const known = read(query);
    if (!known) return undefined;
    const { document, operation } = known;
    if (typeof operationName === 'string' && operationName !== operation.name?.value) return undefined;
    return findBadRepresentation(schema, document, operation, variables) === undefined ? document : undefined;
  };
}

/** Undefined, too, for what is nested so deep that the stack does not suffice to look at it. */
function readValid(schema: GraphQLSchema, query: string): Known | undefined {
  try {
    const document = parse(query);
    const operation = getOperationAST(document);
    if (operation?.operation !== 'query' || validate(schema, document, RULES).length > 0) return undefined;
    return { document, operation };
  } catch {
    return undefined;
  }
}
