/** Context of one operation at the operator: who asks, on which way, and loaders that ask once for many. */
import DataLoader from 'dataloader';
import type { FastifyRequest } from 'fastify';
import { parseUuid } from '../../common/uuid.ts';
import type { Seen } from '../../domain/actions/resolution.ts';
import { mayRead } from '../../server/graphql/rights.ts';
import { type ChatState, readChatsApart } from '../runtime/chatd/chatState.ts';
import type { ActTools } from './act.ts';
import type { OperatorMetrics } from './metrics.ts';
import type { OfferTokens } from './offerTokens.ts';
import { type Counts, countItems } from './plans/plans.ts';
import { type ActionRow, type ChatTime, recordsById, recordsOfChats, recordsWithin } from './records.ts';
import { type Circumstances, VIAS } from './request.ts';

/** What the operator's resolvers use. */
export interface Operator extends ActTools {
  readonly tokens: OfferTokens;
  readonly metrics: OperatorMetrics;
  /** Runs a question. @throws GraphQLError with words for a client; the log has the rest */
  readonly answered: <T>(question: () => Promise<T>) => Promise<T>;
  /** Looks at a chat through the gateway. Undefined: it does not answer in time. */
  readonly look: (chatId: string) => Promise<Seen | undefined>;
  /** Called when an action was done. */
  readonly actionDone: () => void;
  /** Called when a plan was begun. */
  readonly planBegun: () => void;
}

export interface OperatorContext extends Circumstances, Operator {
  /** Chat that the caller may read; null: there is none. */
  readonly chat: DataLoader<string, ChatState | null>;
  readonly records: DataLoader<{ readonly chatId: string; readonly first: number }, ActionRow[], string>;
  readonly recordById: DataLoader<string, ActionRow | null>;
  readonly recordsWithin: DataLoader<ChatTime, ActionRow[], string>;
  /** Numbers of chats of plans. */
  readonly counts: DataLoader<string, Counts>;
}

/** Header in which a client, and then the gateway, says on which way a request came. */
const VIA_HEADER = 'x-chat-debug-via';
const TRACE = /^[0-9a-f]{2}-([0-9a-f]{32})-/;

/** Makes the context of one operation. */
export function operatorContext(
  operator: Operator,
  { caller, requestId }: Pick<Circumstances, 'caller' | 'requestId'>,
  { headers }: Pick<FastifyRequest, 'headers'>,
): OperatorContext {
  const { pool } = operator;
  const via = VIAS.find((one) => one === String(headers[VIA_HEADER]).toUpperCase()) ?? 'GRAPHQL';
  return {
    ...operator,
    ...{ caller, requestId: parseUuid(requestId) ?? requestId, via },
    look: untilSilent(operator.look),
    traceId: TRACE.exec(String(headers.traceparent))?.[1],
    chat: new DataLoader(async (ids) => {
      const chats = await operator.answered(() => readChatsApart(pool, ids));
      return chats.map((chat) => (chat instanceof Error ? chat : chat && mayRead(caller, chat) ? chat : null));
    }),
    records: new DataLoader(
      async (asked) => {
        const most = Math.max(...asked.map(({ first }) => first));
        const chatIds = [...new Set(asked.map(({ chatId }) => chatId))];
        const rows = await operator.answered(() => recordsOfChats(pool, chatIds, most));
        return asked.map(({ chatId, first }) => rows.filter((row) => row.chatId === chatId).slice(0, first));
      },
      { cacheKeyFn: ({ chatId, first }) => `${first} ${chatId}` },
    ),
    recordById: new DataLoader((ids) => operator.answered(() => recordsById(pool, ids))),
    recordsWithin: new DataLoader((asked) => operator.answered(() => recordsWithin(pool, asked)), {
      cacheKeyFn: ({ chatId, from, to, first }) => [chatId, from, to, first].join(' '),
    }),
    counts: new DataLoader((ids) => operator.answered(() => countItems(pool, ids))),
  };
}

/** Looks no more once a look got no answer: the actions of one request do not all wait for a silent gateway. */
function untilSilent(look: Operator['look']): Operator['look'] {
  let isSilent = false;
  return async (chatId) => {
    if (isSilent) return undefined;
    const seen = await look(chatId);
    isSilent = seen === undefined;
    return seen;
  };
}
