/** What a worker that speaks runtime protocol 1 promises, each promise with its check. */
import { randomUUID } from 'node:crypto';
import { isObject } from '../../common/json.ts';
import { chatsAnswer, replicaAnswer } from '../../domain/protocol/format.ts';
import { MAX_CHATS_ASKED } from '../../domain/protocol/paths.ts';
import type { Check } from './check.ts';
import { HELD_CHECKS, heldChats } from './heldChecks.ts';
import { refusalProblems, shapeProblems } from './shape.ts';
import { chatsIn, type Worker } from './worker.ts';

/** Requests that the gateway has open at once to one replica, at most. */
const AT_ONCE = 32;
const BIG_BODY_BYTES = 2 * 1024 * 1024;

const ids = (count: number) => Array.from({ length: count }, () => randomUUID() as string);
const late = ({ timeoutMs }: Worker, ms: number, what: string): string[] =>
  ms <= timeoutMs
    ? []
    : [
        `${what} took ${Math.round(ms)} ms. The gateway waits ${timeoutMs} ms for everything; answer from memory, and let no other work hold the answer up.`,
      ];

/** True for a moment with parts of a second: two answers may be of the same second. */
const isFine = (moment: unknown): boolean => /\.\d/.test(String(moment));

export const CHECKS: readonly Check[] = [
  {
    promise: 'It tells of itself, in the form of the protocol and in time',
    problems: async (worker) => {
      const answer = await worker.ask();
      return [...shapeProblems(answer, replicaAnswer, 'The replica'), ...late(worker, answer.ms, 'The replica')];
    },
  },
  {
    promise: 'Its clock runs, and lies behind no start that it tells',
    problems: async (worker) => {
      const [first, second] = [await worker.ask(), await worker.ask()];
      if (!isObject(first.json) || !isObject(second.json)) return ['Nothing could be compared.'];
      const [a, b] = [Date.parse(String(first.json.observedAt)), Date.parse(String(second.json.observedAt))];
      const started = Date.parse(String(second.json.startedAt));
      return [
        ...(b < a ? ['observedAt went back between two answers. Take it from the clock at each answer.'] : []),
        ...(b === a && second.ms > 5 && isFine(second.json.observedAt)
          ? ['observedAt is the same in two answers. Take it from the clock at each.']
          : []),
        ...(started > b ? ['startedAt lies after observedAt. Both are by the same clock.'] : []),
      ];
    },
  },
  {
    promise: 'It says in each answer who it is, always the same',
    problems: async (worker) => {
      const answers = [await worker.ask(), await worker.askChats(ids(1))];
      const told = answers.flatMap(({ json }) =>
        isObject(json) && json.workerId !== undefined ? [json.workerId] : [],
      );
      const other = told.find((workerId) => String(workerId).toLowerCase() !== worker.workerId.toLowerCase());
      return other === undefined
        ? []
        : [
            `It was asked as worker ${worker.workerId}, and its answer is of ${JSON.stringify(other)}. The gateway takes no such answer.`,
          ];
    },
  },
  {
    promise: 'It says of a chat that it does not hold that it holds no runner',
    problems: async (worker) => {
      const [id = ''] = ids(1);
      const answer = await worker.askChats([id]);
      const shape = shapeProblems(answer, chatsAnswer, 'A chat that it does not hold');
      if (shape.length > 0) return shape;
      const chat = chatsIn(answer).find(({ chatId }) => chatId === id);
      if (!chat) return ['A chat that it does not hold has no entry. Each id that is asked for has one.'];
      if (!Array.isArray(chat.runners)) {
        return ['A chat that it does not hold has no list of runners. Absent means not known; say [] for none.'];
      }
      return chat.runners.length === 0 ? [] : ['A chat that nobody has seen before has a runner.'];
    },
  },
  {
    promise: `It tells of ${MAX_CHATS_ASKED} chats at once, each with an entry of its own`,
    problems: async (worker) => {
      const asked = ids(MAX_CHATS_ASKED);
      const answer = await worker.askChats(asked);
      const shape = shapeProblems(answer, chatsAnswer, `The answer about ${MAX_CHATS_ASKED} chats`);
      if (shape.length > 0) return shape;
      const told = new Set(chatsIn(answer).map(({ chatId }) => String(chatId).toLowerCase()));
      const missing = asked.filter((id) => !told.has(id)).length;
      return [
        ...(missing > 0 ? [`${missing} of ${MAX_CHATS_ASKED} chats have no entry. Each id has one.`] : []),
        ...late(worker, answer.ms, `The answer about ${MAX_CHATS_ASKED} chats`),
      ];
    },
  },
  {
    promise: 'Ids are the same in any case',
    problems: async (worker) => {
      const [held] = await heldChats(worker);
      const id = (held ?? ids(1)[0] ?? '').toUpperCase();
      const answer = await worker.askChats([id]);
      const chat = chatsIn(answer).find(({ chatId }) => String(chatId).toUpperCase() === id);
      if (!chat) return ['An id in upper case has no entry. Compare ids without regard to case.'];
      const isLost = held !== undefined && Array.isArray(chat.runners) && chat.runners.length === 0;
      return isLost ? ['A chat that it holds is not found by its id in upper case.'] : [];
    },
  },
  ...HELD_CHECKS,
  {
    promise: 'It lets nobody in without a token, nor with a wrong one',
    problems: async (worker) => [
      ...refusalProblems(await worker.ask({ token: null }), [401, 403], 'A request without a token'),
      ...refusalProblems(await worker.ask({ token: 'a.wrong.one' }), [401, 403], 'A request with a wrong token'),
      ...refusalProblems(
        await worker.ask({ token: null, body: '{"chatIds":[]}' }),
        [401, 403],
        'A question about chats without a token',
      ),
    ],
  },
  {
    promise: 'It refuses a token that is for another worker, and says who it is',
    problems: async (worker) => {
      if (worker.otherToken === undefined) return [];
      const answer = await worker.ask({ token: worker.otherToken });
      const refused = refusalProblems(answer, [421], 'A token for another worker');
      if (refused.length > 0) return refused;
      const named = isObject(answer.json) && typeof answer.json.workerId === 'string';
      return named ? [] : ['The refusal of a token for another worker must name its own workerId.'];
    },
  },
  {
    promise: 'It refuses a question that is none',
    problems: async (worker) => [
      ...refusalProblems(await worker.ask({ body: 'no JSON' }), [400], 'A body that is no JSON'),
      ...refusalProblems(await worker.ask({ body: '{}' }), [400], 'A body without chatIds'),
      ...refusalProblems(await worker.ask({ body: '{"chatIds":["1"]}' }), [400], 'An id that is no UUID'),
    ],
  },
  {
    promise: 'It refuses more than it promises, and goes on answering',
    problems: async (worker) => {
      const many = await worker.askChats(ids(MAX_CHATS_ASKED + 1));
      const big = await worker.ask({ body: `{"chatIds":["${'x'.repeat(BIG_BODY_BYTES)}"]}` });
      const after = await worker.ask();
      return [
        ...refusalProblems(many, [400, 413], `${MAX_CHATS_ASKED + 1} chats at once`),
        ...(big.status === 0 || big.status === 400 || big.status === 413
          ? []
          : [`A body of 2 MiB must be refused with 400 or 413, or cut off; it was HTTP ${big.status}.`]),
        ...(after.status === 200 ? [] : ['After a body of 2 MiB it answered no more.']),
      ];
    },
  },
  {
    promise: `It answers ${AT_ONCE} requests at once, each with its own chats, in time`,
    problems: async (worker) => {
      const asked = Array.from({ length: AT_ONCE }, () => ids(3));
      const answers = await Promise.all(asked.map((chatIds) => worker.askChats(chatIds)));
      const wrong = answers.filter((answer, i) => {
        const told = new Set(chatsIn(answer).map(({ chatId }) => String(chatId).toLowerCase()));
        return answer.status !== 200 || !asked[i]?.every((id) => told.has(id));
      }).length;
      const slowest = Math.max(...answers.map(({ ms }) => ms));
      return [
        ...(wrong > 0 ? [`${wrong} of ${AT_ONCE} answers at once were missing or about other chats.`] : []),
        ...late(worker, slowest, `The slowest of ${AT_ONCE} answers at once`),
      ];
    },
  },
];
