/** A question that is asked again and again, for as long as somebody watches. */
import type { Json } from '../../common/json.ts';
import { type AnswerBody, Refusal } from '../graphql/answer.ts';
import type { IsSame } from '../graphql/changes.ts';
import type { WatchedQuery } from '../graphql/watchedQuery.ts';

export interface Watch {
  /** Text of the query that is asked. */
  readonly text: string;
  readonly variables: Readonly<Json>;
  /** Name of the root field. */
  readonly field: string;
  /** Argument `chatId` of the root field, as it was given. */
  readonly chatId: unknown;
  /** True if callers with the same rights may get different answers. */
  readonly isPerCaller: boolean;
  /** Milliseconds between two looks. */
  readonly everyMs: number;
}

/** An answer to the query of a watch. */
export interface Look {
  readonly body: AnswerBody;
  /** Compares two answers. */
  readonly isSame: IsSame;
}

const LEAST_MS = 250;
const MOST_MS = 60_000;

/** A valid subscription. */
interface Subscription {
  readonly query: WatchedQuery;
  /** Fault of the variables, as a sentence; undefined: none. */
  readonly findBadInput: (variables: Readonly<Json>) => string | undefined;
}

/** Reads what a subscription asks for. Refusals: BAD_USER_INPUT. */
export function readWatch({ query, findBadInput }: Subscription, variables: Readonly<Json>): Watch | Refusal {
  const everyMs = query.everyMs(variables);
  const problem = findBadInput(variables);
  if (problem !== undefined) return new Refusal(400, 'BAD_USER_INPUT', problem);
  if (typeof everyMs !== 'number' || everyMs < LEAST_MS || everyMs > MOST_MS) return badRate(everyMs);
  return {
    ...{ text: query.text, field: query.field, isPerCaller: query.isPerCaller, variables, everyMs },
    chatId: query.argument('chatId', variables),
  };
}

const badRate = (everyMs: unknown) =>
  new Refusal(
    400,
    'BAD_USER_INPUT',
    `\`everyMs\` must be ${LEAST_MS} to ${MOST_MS} milliseconds. Received ${JSON.stringify(everyMs)}.`,
  );
