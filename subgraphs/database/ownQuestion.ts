/** Questions that may fail or take too long without harm to the rest of their reading. */
import DataLoader from 'dataloader';
import { loggedReason } from '../../server/databaseWords.ts';
import type { Logger } from '../../server/log.ts';
import type { Reading, Within } from './reading.ts';
import type { Moment, Transaction } from './transaction.ts';
import { isUnsupported, sqlState } from './unavailable.ts';

/** One field of many chats, answered together. */
export interface OwnQuestion<Chat, T> {
  /**
   * Answer; undefined if the database refused the question or took too long.
   * @throws GraphQLError `QUERY_TIMED_OUT` if it tells of locks; `DATABASE_UNAVAILABLE`, `SCHEMA_UNSUPPORTED` if it was
   * not asked; any other error is a defect of the question
   */
  load(chat: Chat): Promise<T | undefined>;
  /** Answer for a chat that was already asked about; undefined: it was not. */
  asked(chatId: string): Promise<T | undefined> | undefined;
}

interface OwnQuestionOptions<Chat, Asked, T> {
  /** Name in metrics and traces. */
  readonly name: string;
  readonly reading: Reading;
  readonly log: Logger;
  readonly chatIdOf: (chat: Chat) => string;
  /** Chooses the chats to ask about; with none, nothing is asked. Left out: all. */
  readonly choose?: (chats: readonly Chat[]) => readonly Chat[] | Promise<readonly Chat[]>;
  readonly ask: (tx: Transaction, chats: readonly Chat[], moment: Moment) => Promise<Asked>;
  /** True if a lock that keeps it waiting is an error of the field. Left out: `unreadable` names the field. */
  readonly tellsLock?: boolean;
  /** Question in its place while a lock keeps it waiting. */
  readonly instead?: (chats: readonly Chat[], locked: NonNullable<Within<Asked>['locked']>) => Promise<Asked>;
  /** Orders the answers like the chats. `asked` is undefined if nothing was asked. */
  readonly answers: (asked: Asked | undefined, chats: readonly Chat[]) => readonly T[];
}

/** Makes a question that takes at most half of the time left to its reading. The other questions have the rest. */
export function ownQuestion<Chat, Asked, T>(options: OwnQuestionOptions<Chat, Asked, T>): OwnQuestion<Chat, T> {
  const { name, reading, log, chatIdOf, choose = (chats) => chats, ask, instead, tellsLock = false, answers } = options;
  const cacheMap = new Map<string, Promise<T | undefined>>();
  const loader = new DataLoader<Chat, T | undefined, string>(
    async (chats) => {
      const chosen = await choose(chats);
      if (chosen.length === 0) return answers(undefined, chats);
      const { settled, locked } = await reading.askWithin(name, (tx, moment) => ask(tx, chosen, moment));
      if (settled.status === 'fulfilled') return answers(settled.value, chats);
      if (locked && instead) return answers(await instead(chosen, locked), chats);
      const state = sqlState(settled.reason);
      if (state === undefined) throw settled.reason; // a defect, or it was not asked
      if (isUnsupported(settled.reason)) reading.forgetPlatform();
      log.warn(
        { question: name, state, reason: loggedReason(settled.reason) },
        'a question to the database failed, and only its own field with it',
      );
      if (locked && tellsLock) throw locked.error;
      return chats.map(() => undefined);
    },
    { cacheKeyFn: chatIdOf, cacheMap },
  );
  return { load: (chat) => loader.load(chat), asked: (chatId) => cacheMap.get(chatId) };
}

/**
 * Names of the questions on a chat that got no answer. The other fields of the operation begin before the caller goes
 * on. Their resolvers must load at once: what is loaded after anything was awaited is not seen.
 */
export async function unanswered(
  chatId: string,
  questions: Readonly<Record<string, Pick<OwnQuestion<never, unknown>, 'asked'>>>,
): Promise<string[]> {
  await Promise.resolve();
  const asked = Object.entries(questions).map(async ([name, question]) => {
    const answer = question.asked(chatId);
    if (answer === undefined) return [];
    return (await answer.catch(() => undefined)) === undefined ? [name] : [];
  });
  return (await Promise.all(asked)).flat();
}
