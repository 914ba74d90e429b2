/** The interrupt task: commits what the cancelled generation had streamed until now, and ends the turn. */
import type { ChatStore, Outcome } from './chatStore.ts';
import type { MessageBuffers } from './messageBuffers.ts';
import { messagesOf, type NewMessage } from './messages.ts';
import { openCalls, toolMessage } from './openCalls.ts';
import { refusalOf } from './refusedData.ts';
import type { Task } from './task.ts';

export async function interrupt(
  task: Task,
  runnerId: string,
  { store, buffers }: { store: ChatStore; buffers: MessageBuffers },
): Promise<Outcome> {
  const { id: chatId, status, historyVersion, generationAttempt } = task.chat;
  const buffer = buffers
    .ofChat(chatId)
    .find(
      ({ episode }) => episode.historyVersion === historyVersion && episode.generationAttempt === generationAttempt,
    );
  buffer?.close(); // a part that comes late must not be seen in the stream and then be missing from the history
  const streamed = messagesOf(buffer?.parts ?? []);
  const open = openCalls(streamed);
  const messages = open.length > 0 ? [...streamed, toolMessage(open)] : streamed;
  const finish = (kept: readonly NewMessage[]) =>
    store.applyFenced(chatId, { runnerId, status, historyVersion }, { name: 'finishInterruption', messages: kept });
  return finish(messages).catch((error: unknown) => {
    if (!refusalOf(error) || messages.length === 0) throw error;
    return finish([]); // what Postgres never takes must not keep the chat from coming to rest
  });
}
