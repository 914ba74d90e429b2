/** The interrupt task: commits what the cancelled generation had streamed, and ends the turn. */
import type { Clock } from '../../../common/clock.ts';
import { messagesOf, type NewMessage } from '../../../domain/messages.ts';
import { isGivenUp } from './breakOffs.ts';
import type { ChatStore, WriteOutcome } from './chatStore.ts';
import { writeFenced } from './fencedWrite.ts';
import type { MessageBuffers } from './messageBuffers.ts';
import { openCalls, toolMessage } from './openCalls.ts';
import { refusalOf } from './refusedData.ts';
import type { Task } from './task.ts';

const NOTHING_SAID: NewMessage = { role: 'assistant', content: [] };

export async function interrupt(
  task: Task,
  runnerId: string,
  kit: { store: ChatStore; buffers: MessageBuffers; clock: Clock },
): Promise<WriteOutcome> {
  const { id: chatId, historyVersion, generationAttempt } = task.chat;
  const buffer = kit.buffers
    .ofChat(chatId)
    .find(
      ({ episode }) => episode.historyVersion === historyVersion && episode.generationAttempt === generationAttempt,
    );
  buffer?.close(); // a part that comes late must not be seen in the stream and then be missing from the history
  const streamed = messagesOf(buffer?.parts ?? []);
  const open = openCalls(streamed);
  const answer = open.length > 0 ? [...streamed, toolMessage(open)] : streamed;
  const finish = (messages: readonly NewMessage[]) =>
    writeFenced(task, runnerId, kit, { name: 'finishInterruption', messages });
  if (isGivenUp(task.breakOffs)) return finish([]);
  // Content that Postgres never takes must not keep the chat from coming to rest.
  return finish(interrupted(answer))
    .catch(refused(() => finish(interrupted([]))))
    .catch(refused(() => finish([])));
}

/** Marks an answer as cut short, also one that had not begun: nobody owes the rest. */
const interrupted = (answer: readonly NewMessage[]): NewMessage[] =>
  (answer.length > 0 ? answer : [NOTHING_SAID]).map((message) => ({ ...message, finishReason: 'interrupted' }));

/**
 * Takes another way if the data was refused.
 * @throws any other error
 */
const refused = (otherwise: () => Promise<WriteOutcome>) => (error: unknown) => {
  if (!refusalOf(error)) throw error;
  return otherwise();
};
