/** Loaders of what hangs on a chat and may be long: its newest message, its turn, its open calls, its children. */
import { type Readable, readableOwner } from './access.ts';
import { inPlace } from './inPlace.ts';
import type { Makers, Operation } from './members.ts';
import { type OwnQuestion, ownQuestion } from './ownQuestion.ts';
import { type LostChildRow, lostChildren } from './questions/children.ts';
import { type LastMessageRow, lastMessages } from './questions/lastMessages.ts';
import { type OpenCallRow, openCalls } from './questions/openCalls.ts';
import { type TurnRow, turns } from './questions/turns.ts';
import type { Moment, Transaction } from './transaction.ts';

export interface HistoryLoaders {
  readonly lastMessage: OwnQuestion<string, LastMessageRow | null>;
  readonly turn: OwnQuestion<string, TurnRow | null>;
  /** Open calls, oldest first. */
  readonly openCalls: OwnQuestion<string, readonly OpenCallRow[]>;
  /** Lost children, worst first. */
  readonly lostChildren: OwnQuestion<string, readonly LostChildRow[]>;
}

const rowsOf =
  <R, T>(
    name: string,
    ask: (tx: Transaction, chatIds: readonly string[], moment: Moment, readable: Readable) => Promise<R[]>,
    chatIdOf: (row: R) => string,
    answer: (rows: readonly R[]) => T,
  ) =>
  ({ reading, log, readable }: Operation) =>
    ownQuestion<string, R[], T>({
      ...{ name, reading, log },
      ask: (tx, chatIds, moment) => ask(tx, chatIds, moment, readable),
      chatIdOf: (chatId) => chatId,
      answers: (rows, chatIds) => inPlace(chatIds, rows ?? [], chatIdOf).map(answer),
    });

const chatIdOf = (row: { readonly chatId: string }) => row.chatId;

export const historyLoaders: Makers<HistoryLoaders> = {
  lastMessage: rowsOf('lastMessages', lastMessages, chatIdOf, ([row]) => row ?? null),
  turn: rowsOf('turns', turns, chatIdOf, ([row]) => row ?? null),
  openCalls: rowsOf('openCalls', openCalls, chatIdOf, (rows) => rows),
  lostChildren: rowsOf(
    'lostChildren',
    (tx, chatIds, { platform }, readable) => lostChildren(tx, platform, chatIds, readableOwner(readable)),
    (row) => row.parentId,
    (rows) => rows,
  ),
};
