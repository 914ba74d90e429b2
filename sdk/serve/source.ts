/** A worker's memory, as runtime protocol 1 shows it. */
import type { Chat, ReplicaAnswer } from '../../domain/protocol/answers.ts';

/** What is asked. Every method answers at once, from memory, at every moment of the worker's life. */
export interface RuntimeSource {
  /** Id of the worker, new on each start: `chats.worker_id` names it. */
  readonly workerId: string;
  /** Time of the answer, by the worker's clock. */
  now(): Date;
  /** Longest delay of the event loop in the last minute, in milliseconds. Null: not known. */
  eventLoopDelayMs(): number | null;
  /** @param runners how many to list; 0: none */
  replica(runners: number): Omit<ReplicaAnswer, 'workerId' | 'observedAt' | 'eventLoopDelayMs'>;
  /** Memory of one chat, held or not. */
  chat(chatId: string): Omit<Chat, 'chatId'>;
}
