/** One fetch of entities in the words of runtime protocol 1: its questions, and what the answers mean for each share. */
import type { GraphQLFormattedError } from 'graphql';
import { isObject, type Json } from '../../common/json.ts';
import { parseUuid } from '../../common/uuid.ts';
import { CHATS_PATH, MAX_CHATS_ASKED, MAX_RUNNERS_LISTED, REPLICA_PATH } from '../../domain/protocol/paths.ts';
import type { Caller } from '../../server/tokens/internalToken.ts';
import type { Asked, ProtocolFetch } from '../ask/protocolQuestions.ts';
import {
  brokenAnswer,
  MAX_ERRORS,
  MISDIRECTED,
  notAnAnswer,
  OK,
  refusedBy,
  refusedToken,
} from '../ask/replicaAnswer.ts';
import type { Share, ShareAnswer } from '../ask/share.ts';
import type { EntityRequest } from '../entityRequest.ts';
import type { Routing } from '../routedTypes.ts';
import type { Reply } from '../transport/transport.ts';
import { filled } from './filled.ts';
import { overrides } from './overrides.ts';
import { chatRuntime, replicaRuntime, toldOfEach } from './told.ts';

/** HTTP statuses of a worker that takes no token of ours. */
const UNTAKEN: readonly number[] = [401, 403];

export function protocolFetch(routing: Routing, entityRequest: EntityRequest, caller: Caller): ProtocolFetch {
  const planOf = (typename: unknown) => {
    const type = routing.types.get(String(typename));
    return type && entityRequest.planOf(type);
  };

  const questionsOf = ({ representations }: Share): Asked[] => {
    const ids = [...new Set(representations.flatMap(({ chatId }) => (typeof chatId === 'string' ? [chatId] : [])))];
    const questions: Asked[] = [];
    for (let i = 0; i < ids.length; i += MAX_CHATS_ASKED) {
      const body = JSON.stringify({ chatIds: ids.slice(i, i + MAX_CHATS_ASKED) });
      questions.push({ about: 'chats', path: CHATS_PATH, body });
    }
    const whole = representations.find(({ chatId }) => chatId === undefined);
    if (!whole) return questions;
    const lists = planOf(whole.__typename)?.keysOf.has('runners');
    const search = lists && { search: `runners=${MAX_RUNNERS_LISTED}` };
    return [...questions, { about: 'replica', path: REPLICA_PATH, ...search }];
  };

  const answerOf: ProtocolFetch['answerOf'] = (share, replied, timeoutMs) => {
    const chats = new Map<string, { readonly answer: Json; readonly chat: Json }>();
    let replica: Json | undefined;
    for (const { about, reply } of replied) {
      const told = answerIn(share, reply, timeoutMs);
      if (told.kind === 'none') return told.answer;
      if (about === 'chats' && !Array.isArray(told.body.chats)) {
        return notAnAnswer(share, `${reply.what}, without a list of chats`);
      }
      if (about === 'replica') replica = told.body;
      else for (const [id, chat] of chatsIn(told.body)) chats.set(id, { answer: told.body, chat });
    }
    const valuesOf = (chatId: unknown): Json | undefined => {
      if (chatId === undefined) return replica && replicaRuntime(replica, share.replicaId);
      const found = chats.get(String(parseUuid(chatId)));
      return found && chatRuntime(found.answer, found.chat, { chatId, workerId: share.replicaId }, most);
    };
    const most = toldOfEach(Math.min(share.representations.length, MAX_CHATS_ASKED));
    const errors: GraphQLFormattedError[] = [];
    const entities = share.representations.map(({ __typename, chatId }, i) => {
      const plan = planOf(__typename);
      const values = valuesOf(chatId);
      if (!plan || !values) return undefined;
      const { entity, problems } = filled(plan.entity, values, overrides(caller, entityRequest.variables));
      for (const { path, code, message } of problems.slice(0, MAX_ERRORS - errors.length)) {
        errors.push({ message, path: ['_entities', i, ...path], extensions: { code } });
      }
      return entity;
    });
    return { share, outcome: OK, attempts: 1, entities, errors };
  };

  return { questionsOf, answerOf };
}

/** What one reply tells. One that is no answer decides for the whole share: it is the same worker. */
function answerIn(
  share: Share,
  reply: Reply,
  timeoutMs: number,
): { readonly kind: 'body'; readonly body: Json } | { readonly kind: 'none'; readonly answer: ShareAnswer } {
  const none = (answer: ShareAnswer) => ({ kind: 'none', answer }) as const;
  if (reply.status !== 'OK') return none(brokenAnswer(share, reply, timeoutMs));
  const { httpStatus, body, what } = reply;
  if (UNTAKEN.includes(httpStatus)) return none(refusedToken(share, what));
  if (!isObject(body) || ![200, MISDIRECTED].includes(httpStatus)) return none(notAnAnswer(share, what));
  const workerId = parseUuid(body.workerId);
  if (workerId === undefined) return none(notAnAnswer(share, `${what}, without the id of a worker`));
  // One that refuses a token that is for itself takes none of ours.
  if (workerId === share.replicaId) {
    return httpStatus === 200 ? { kind: 'body', body } : none(refusedToken(share, what));
  }
  return none(refusedBy(share, workerId, { localWorkerId: workerId, workerIdMatchesLocal: false }));
}

/** Entries about chats. What is none is passed over, and its chat counts as not answered. */
function chatsIn({ chats }: Json): [id: string, chat: Json][] {
  if (!Array.isArray(chats)) return [];
  return chats.flatMap((chat: unknown): [string, Json][] => {
    const id = isObject(chat) ? parseUuid(chat.chatId) : undefined;
    return isObject(chat) && id !== undefined ? [[id, chat]] : [];
  });
}
