/** A question that is asked again and again, for as long as somebody watches. */
import type { Json } from '../../common/json.ts';
import { Refusal } from '../../server/graphql/answer.ts';
import type { PreparedQuery } from './prepare.ts';

export interface Watch {
  /** Text of the query that is asked. */
  readonly text: string;
  readonly variables: Readonly<Json>;
  /** Name of the root field. */
  readonly field: string;
  /** Argument `chatId` of the root field, as it was given. */
  readonly chatId: unknown;
  /** Milliseconds between two looks. */
  readonly everyMs: number;
}

const LEAST_MS = 250;
const MOST_MS = 60_000;

/** Reads a prepared subscription. Undefined: it is not valid. Refusals: BAD_USER_INPUT. */
export function readWatch({ compiled }: PreparedQuery, variables: Readonly<Json>): Watch | Refusal | undefined {
  const subscription = compiled();
  if (subscription.kind !== 'watched') return undefined;
  const { findBadInput, query } = subscription;
  const problem = findBadInput(variables) ?? rateProblem(query.everyMs(variables));
  if (problem !== undefined) return new Refusal(400, 'BAD_USER_INPUT', problem);
  return {
    ...{ text: query.text, field: query.field, variables },
    everyMs: Number(query.everyMs(variables)),
    chatId: query.argument('chatId', variables),
  };
}

function rateProblem(everyMs: unknown): string | undefined {
  if (typeof everyMs === 'number' && everyMs >= LEAST_MS && everyMs <= MOST_MS) return undefined;
  return `\`everyMs\` must be ${LEAST_MS} to ${MOST_MS} milliseconds. Received ${JSON.stringify(everyMs)}.`;
}
