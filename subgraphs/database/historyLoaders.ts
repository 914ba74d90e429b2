/** Loaders of what hangs on a chat and may be long: its newest message, its turn, its open calls, its children. */
import type { Logger } from '../../server/log.ts';
import { type Readable, readableOwner } from './access.ts';
import { inPlace } from './inPlace.ts';
import { type OwnQuestion, ownQuestion } from './ownQuestion.ts';
import { type LostChildRow, lostChildren } from './questions/children.ts';
import { type LastMessageRow, lastMessages } from './questions/lastMessages.ts';
import { type OpenCallRow, openCalls } from './questions/openCalls.ts';
import { type TurnRow, turns } from './questions/turns.ts';
import type { Reading } from './reading.ts';
import type { Moment, Transaction } from './transaction.ts';

export interface HistoryLoaders {
  readonly lastMessage: OwnQuestion<string, LastMessageRow | null>;
  readonly turn: OwnQuestion<string, TurnRow | null>;
  /** Open calls, oldest first. */
  readonly openCalls: OwnQuestion<string, readonly OpenCallRow[]>;
  /** Lost children, worst first. */
  readonly lostChildren: OwnQuestion<string, readonly LostChildRow[]>;
}

/** Makes the loaders of one operation. */
export function makeHistoryLoaders(reading: Reading, log: Logger, readable: Readable): HistoryLoaders {
  const rowsOf = <R, T>(
    name: string,
    ask: (tx: Transaction, chatIds: readonly string[], moment: Moment) => Promise<R[]>,
    chatIdOf: (row: R) => string,
    answer: (rows: readonly R[]) => T,
  ) =>
    ownQuestion<string, R[], T>({
      ...{ name, reading, log, ask },
      chatIdOf: (chatId) => chatId,
      answers: (rows, chatIds) => inPlace(chatIds, rows ?? [], chatIdOf).map(answer),
    });
  const chatIdOf = (row: { readonly chatId: string }) => row.chatId;
  return {
    lastMessage: rowsOf('lastMessages', lastMessages, chatIdOf, ([row]) => row ?? null),
    turn: rowsOf('turns', turns, chatIdOf, ([row]) => row ?? null),
    openCalls: rowsOf('openCalls', openCalls, chatIdOf, (rows) => rows),
    lostChildren: rowsOf(
      'lostChildren',
      (tx, chatIds, { platform }) => lostChildren(tx, platform, chatIds, readableOwner(readable)),
      (row) => row.parentId,
      (rows) => rows,
    ),
  };
}
