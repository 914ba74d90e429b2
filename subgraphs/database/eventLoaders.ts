/** Loaders of the history of chats: its events, and its owners. Where none is kept, each answer is null. */
import { inPlace } from './inPlace.ts';
import type { Makers, Operation } from './members.ts';
import { type OwnQuestion, ownQuestion } from './ownQuestion.ts';
import { keepsHistory } from './platform.ts';
import { type EventPage, type EventRow, events } from './questions/events.ts';
import { MOST_EVENTS, ownership, RECENT, type SpanRow } from './questions/ownership.ts';
import type { Moment, Transaction } from './transaction.ts';

type OfChat<R> = OwnQuestion<string, readonly R[] | null>;

export interface EventLoaders {
  /** Events of a page, newest first. */
  readonly events: (page: EventPage) => OfChat<EventRow>;
  /** Last owners, newest first. */
  readonly ownership: (limit: number) => OfChat<SpanRow>;
  readonly recentOwners: OfChat<SpanRow>;
  /** Pages that were asked for, by their arguments. */
  readonly pagesOfHistory: { readonly events: Pages<EventRow>; readonly ownership: Pages<SpanRow> };
}

type Pages<R> = Map<string, OfChat<R>>;

const ofChat = <R extends { readonly chatId: string }>(
  { reading, log }: Operation,
  name: string,
  ask: (tx: Transaction, chatIds: readonly string[], moment: Moment) => Promise<R[]>,
): OfChat<R> =>
  ownQuestion<string, R[], readonly R[] | null>({
    ...{ name, reading, log, ask },
    chatIdOf: (chatId) => chatId,
    choose: async (chatIds) => (keepsHistory((await reading.moment()).platform) ? chatIds : []),
    answers: (rows, chatIds) => (rows ? inPlace(chatIds, rows, ({ chatId }) => chatId) : chatIds.map(() => null)),
  });

export const eventLoaders: Makers<EventLoaders> = {
  events:
    (operation, { pagesOfHistory }) =>
    (page) =>
      once(pagesOfHistory.events, JSON.stringify(page), () =>
        ofChat(operation, 'events', (tx, chatIds) => events(tx, chatIds, page)),
      ),
  ownership:
    (operation, { pagesOfHistory }) =>
    (limit) =>
      once(pagesOfHistory.ownership, String(limit), () =>
        ofChat(operation, 'ownership', (tx, chatIds, moment) =>
          ownership(tx, chatIds, moment, { owners: limit, events: MOST_EVENTS }),
        ),
      ),
  recentOwners: (operation) =>
    ofChat(operation, 'recentOwners', (tx, chatIds, moment) => ownership(tx, chatIds, moment, RECENT)),
  pagesOfHistory: () => ({ events: new Map(), ownership: new Map() }),
};

/** The questions on a chat's history, by field, for `unanswered`. */
export const questionsOfHistory = ({ recentOwners, pagesOfHistory }: EventLoaders) => ({
  ...{ recentOwners, history: allOf(pagesOfHistory.events), ownership: allOf(pagesOfHistory.ownership) },
});

function once<K, V>(made: Map<K, V>, key: K, make: () => V): V {
  const value = made.get(key) ?? make();
  made.set(key, value);
  return value;
}

/** All pages of a question as one: it has an answer if each of them has. */
const allOf = (pages: ReadonlyMap<unknown, Pick<OfChat<unknown>, 'asked'>>) => ({
  asked: (chatId: string) => {
    const asked = [...pages.values()].flatMap((page) => page.asked(chatId) ?? []);
    if (asked.length === 0) return undefined;
    return Promise.all(asked).then((answers) => (answers.includes(undefined) ? undefined : answers));
  },
});
