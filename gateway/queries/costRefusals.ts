/** Refusals of what costs too much. */
import { Refusal } from '../../server/graphql/answer.ts';
import type { Watch } from '../../server/live/watch.ts';

/** Refusal of a query that costs more than the limit. */
export const tooExpensive = (estimated: number, limit: number, replicas: number | undefined) => {
  const perReplica = replicas === undefined ? '' : ` What is asked of every replica counts ${replicas} times.`;
  return new Refusal(
    400,
    'QUERY_TOO_COMPLEX',
    `The estimated cost of a query may be at most ${limit} (MAX_COST). This one's is ${estimated}: ask for fewer chats, or for less below lists.${perReplica}`,
  );
};

/** Refusal of a live view that looks more often than its cost allows. */
export const tooOften = (estimated: number, { everyMs }: Watch, limit: number) =>
  new Refusal(
    400,
    'QUERY_TOO_COMPLEX',
    `The estimated cost of a live view may be at most ${limit} a second (MAX_COST). This one's query costs ${estimated}, every ${everyMs} ms: make \`everyMs\` larger, or ask for less.`,
  );
