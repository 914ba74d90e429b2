/** Promises on the chats that a worker holds now. A worker that holds none breaks none of them: nothing is seen of them then. */
import { isObject, type Json } from '../../common/json.ts';
import { chatsAnswer, replicaAnswer } from '../../domain/protocol/format.ts';
import type { Check } from './check.ts';
import { shapeProblems } from './shape.ts';
import { type Answer, chatsIn, type Worker } from './worker.ts';

/** Chats that are looked at. */
const MOST = 10;
/** Milliseconds by which a moment may lie after the answer: some clocks tell whole seconds. */
const AHEAD_MS = 1_000;

export const HELD_CHECKS: readonly Check[] = [
  {
    promise: 'It tells of the chats that it holds in the form of the protocol, each once',
    problems: async (worker) => {
      const list = await worker.ask({ search: `runners=${MOST}` });
      const held = chatsOf(list);
      const answer = held.length === 0 ? undefined : await worker.askChats(held);
      return [
        ...shapeProblems(list, replicaAnswer, 'The list of its runners'),
        ...(answer ? shapeProblems(answer, chatsAnswer, 'The answer about chats that it holds') : []),
        ...repeated(answer),
      ];
    },
  },
  {
    promise: 'It tells of nothing that is still to come, but of the next try',
    problems: async (worker) => {
      const list = await worker.ask({ search: `runners=${MOST}` });
      const held = chatsOf(list);
      const answers = held.length === 0 ? [list] : [list, await worker.askChats(held)];
      const ahead = new Set(answers.flatMap(({ json }) => (isObject(json) ? momentsAhead(json, json.observedAt) : [])));
      return [...ahead].map((name) => `${name} lies after observedAt. Both are by the same clock.`);
    },
  },
  {
    promise: 'It tells the same of a chat as of itself',
    problems: async (worker) => {
      const list = await worker.ask({ search: `runners=${MOST}` });
      const runners = runnersIn(list);
      const held = chatsOf(list);
      if (held.length === 0) return [];
      const ids = new Set(runners.map(({ runnerId }) => lower(runnerId)));
      const lost = chatsIn(await worker.askChats(held)).filter(
        (chat) =>
          Array.isArray(chat.runners) && !chat.runners.some((one) => isObject(one) && ids.has(lower(one.runnerId))),
      ).length;
      const most = held.length / 2; // some may have ended in between
      return lost > most ? ['It lists runners that it does not tell of when it is asked about their chats.'] : [];
    },
  },
];

const lower = (id: unknown): string => String(id).toLowerCase();

/** Chats of the runners that it lists, in lower case; at most ten. */
export const heldChats = async (worker: Worker): Promise<string[]> =>
  chatsOf(await worker.ask({ search: `runners=${MOST}` }));

const runnersIn = ({ json }: Answer): Json[] =>
  isObject(json) && Array.isArray(json.runners) ? json.runners.filter(isObject).slice(0, MOST) : [];

const chatsOf = (list: Answer): string[] => [
  ...new Set(runnersIn(list).flatMap(({ chatId }) => (typeof chatId === 'string' ? [chatId.toLowerCase()] : []))),
];

function repeated(answer: Answer | undefined): string[] {
  const told = answer ? chatsIn(answer).map(({ chatId }) => lower(chatId)) : [];
  const more = told.length - new Set(told).size;
  return more > 0 ? [`${more} more entries than chats: each id has one.`] : [];
}

/** Names of moments that lie after the answer. */
function momentsAhead(value: unknown, observedAt: unknown): string[] {
  if (Array.isArray(value)) return value.flatMap((item: unknown) => momentsAhead(item, observedAt));
  if (!isObject(value)) return [];
  const latestMs = Date.parse(String(observedAt)) + AHEAD_MS;
  return Object.entries(value).flatMap(([name, member]) =>
    /(At|Since)$/.test(name) && name !== 'nextRetryAt' && Date.parse(String(member)) > latestMs
      ? [name]
      : momentsAhead(member, observedAt),
  );
}
