/** Loaders of the history of chats: its events, and its owners. Where none is kept, each answer is null. */
import type { Logger } from '../../server/log.ts';
import { inPlace } from './inPlace.ts';
import { type OwnQuestion, ownQuestion } from './ownQuestion.ts';
import type { Platform } from './platform.ts';
import { type EventPage, type EventRow, events } from './questions/events.ts';
import { ownership, type SpanRow } from './questions/ownership.ts';
import type { Reading } from './reading.ts';
import { isReadable } from './tables/sources.ts';
import type { Transaction } from './transaction.ts';

type OfChat<R> = OwnQuestion<string, readonly R[] | null>;

export interface EventLoaders {
  /** Events of a page, newest first. */
  readonly events: (page: EventPage) => OfChat<EventRow>;
  /** Last owners, newest first. */
  readonly ownership: (limit: number) => OfChat<SpanRow>;
  readonly recentOwners: OfChat<SpanRow>;
  /** Names of these questions that were asked of a chat, for `unanswered`. */
  readonly askedOfHistory: Readonly<Record<string, Pick<OwnQuestion<never, unknown>, 'asked'>>>;
}

const RECENT_OWNERS = 5;

const keepsHistory = ({ readsHistory, tables }: Platform) => readsHistory && isReadable(tables, 'chat_events');

/** Makes the loaders of one operation. */
export function makeEventLoaders(reading: Reading, log: Logger): EventLoaders {
  const ofChat = <R extends { readonly chatId: string }>(
    name: string,
    ask: (tx: Transaction, chatIds: readonly string[]) => Promise<R[]>,
  ): OfChat<R> =>
    ownQuestion<string, R[], readonly R[] | null>({
      ...{ name, reading, log, ask },
      chatIdOf: (chatId) => chatId,
      choose: async (chatIds) => (keepsHistory((await reading.moment()).platform) ? chatIds : []),
      answers: (rows, chatIds) => (rows ? inPlace(chatIds, rows, ({ chatId }) => chatId) : chatIds.map(() => null)),
    });
  const pages = new Map<string, OfChat<EventRow>>();
  const owners = new Map<number, OfChat<SpanRow>>();
  const recentOwners = ofChat('recentOwners', (tx, chatIds) => ownership(tx, chatIds, RECENT_OWNERS));
  return {
    events: (page) =>
      once(pages, JSON.stringify(page), () => ofChat('events', (tx, chatIds) => events(tx, chatIds, page))),
    ownership: (limit) =>
      once(owners, limit, () => ofChat('ownership', (tx, chatIds) => ownership(tx, chatIds, limit))),
    recentOwners,
    askedOfHistory: { history: allOf(pages), ownership: allOf(owners), recentOwners },
  };
}

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
