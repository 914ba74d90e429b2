/** Subscriptions of a schema with resolvers, answered by its queries of the same names. */
import {
  type DocumentNode,
  type GraphQLSchema,
  getOperationAST,
  getVariableValues,
  type OperationDefinitionNode,
  parse,
  specifiedRules,
  validate,
} from 'graphql';
import type { Json } from '../../common/json.ts';
import type { Refusal } from '../graphql/answer.ts';
import { compileIsSame, type IsSame } from '../graphql/changes.ts';
import { readMarkedFields } from '../graphql/markedFields.ts';
import type { Question } from '../graphql/question.ts';
import { refuseConditionalRoot } from '../graphql/subscriptionRoot.ts';
import { watchedQuery } from '../graphql/watchedQuery.ts';
import { readWatch, type Watch } from './watch.ts';

interface Subscriptions {
  /** Reads a question as a subscription. `query`: it is one, to be answered once. Undefined: it is not valid. */
  read(question: Question): Watch | Refusal | 'query' | undefined;
  /** Comparison of two answers to a watch. */
  isSame(watch: Watch): IsSame;
}

/** @param schema with its AST nodes */
export function makeSubscriptions(schema: GraphQLSchema): Subscriptions {
  const clockFields = readMarkedFields(schema, 'clock');
  const perCaller = readMarkedFields(schema, 'perCaller');
  const known = new WeakMap<Watch, IsSame>();
  const compare = ({ text, variables }: Watch): IsSame => {
    const document = parse(text, { noLocation: true });
    const operation = operationIn(document, undefined);
    if (!operation) throw new Error('The query of a watch is one operation.');
    return compileIsSame(schema, clockFields, document, operation)(variables);
  };
  return {
    read: ({ query, operationName, variables = {} }) => {
      const document = query === undefined ? undefined : parsed(query);
      const operation = document && operationIn(document, operationName);
      if (!document || !operation) return undefined;
      if (operation.operation === 'query') return 'query';
      const refused = refuseConditionalRoot(document);
      if (refused) return refused;
      if (operation.operation !== 'subscription' || validate(schema, document, specifiedRules).length > 0) {
        return undefined;
      }
      const findBadInput = (received: Readonly<Json>) =>
        getVariableValues(schema, operation.variableDefinitions ?? [], received, { maxErrors: 1 }).errors?.[0]?.message;
      return readWatch({ query: watchedQuery(schema, perCaller, document, operation), findBadInput }, variables);
    },
    isSame: (watch) => {
      const found = known.get(watch) ?? compare(watch);
      known.set(watch, found);
      return found;
    },
  };
}

function parsed(text: string): DocumentNode | undefined {
  try {
    return parse(text, { noLocation: true });
  } catch {
    return undefined;
  }
}

const operationIn = (
  document: DocumentNode,
  operationName: string | null | undefined,
): OperationDefinitionNode | undefined => getOperationAST(document, operationName) ?? undefined;
