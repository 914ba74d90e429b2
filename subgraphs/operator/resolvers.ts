/** Resolvers of the operator. */
import { ACTIONS, type ActionName, isOfChat, mutationOf } from '../../domain/actions/names.ts';
import { possibleActions } from '../../domain/actions/offers.ts';
import { hadNone } from '../../domain/actions/resolution.ts';
import { listPlaces } from '../../server/graphql/listPlaces.ts';
import { pageSize } from '../../server/graphql/pageSize.ts';
import { requireUuid, scalars } from '../../server/graphql/scalars.ts';
import { storableTexts } from '../../server/graphql/storable.ts';
import { lackingRole, requireAudit } from './access.ts';
import { type ApplyAction, act } from './act.ts';
import { actedOn, applyToChat, versionOf } from './actOnChat.ts';
import { applyToReplica } from './actOnReplica.ts';
import { committed } from './committed.ts';
import type { OperatorContext } from './context.ts';
import { planResolvers } from './plans/resolvers.ts';
import { claimKey, listRecords } from './records.ts';
import { type ActionRequest, type MutationArguments, readRequest } from './request.ts';
import { actionError } from './trouble.ts';

const places = listPlaces('action', 'actions');

async function perform(action: ActionName, given: MutationArguments, context: OperatorContext) {
  const { store, metrics, answered } = context;
  const apply: ApplyAction = isOfChat(action) ? applyToChat(store, action) : applyToReplica(action);
  const asked = await readRequest(action, given, context, context.tokens);
  const request = { ...asked, hadNone: await sawNone(asked, context) };
  const { outcome, record, isRepeat } = await answered(() =>
    act(context, request, apply).catch((error: unknown) => {
      const told = actionError(error, request.key);
      if (told.extensions.code === 'ACTION_UNCERTAIN') metrics.uncertain(action);
      throw Object.assign(told, { cause: error });
    }),
  );
  if (isOfChat(action)) context.chat.clear(request.targetId); // what was read before is of before
  if (!isRepeat) metrics.acted(action, outcome, request.isDryRun);
  if (outcome === 'DONE' && !request.isDryRun) context.actionDone();
  return { outcome, record, snapshot: isOfChat(action) ? { chatId: request.targetId } : null };
}

/** True if a chat that the caller may act on is seen to have none of the findings that the caller names. */
async function sawNone({ action, targetId, findings, isDryRun, expected }: ActionRequest, context: OperatorContext) {
  if (findings.length === 0 || isDryRun || !isOfChat(action)) return false;
  const chat = await context.chat.load(targetId);
  if (!chat || lackingRole(context.caller, action, chat) !== undefined) return false;
  return hadNone(findings, await context.look(targetId), expected.version);
}

const mutations = Object.fromEntries(
  ACTIONS.map((action) => [
    mutationOf(action),
    (_: unknown, given: MutationArguments, context: OperatorContext) => perform(action, given, context),
  ]),
);

/** Record of the caller's own request. Its transaction waits for one with the same key that is under way. */
const ownRecord = (
  { idempotencyKey, dryRun }: { idempotencyKey: string; dryRun?: boolean | null },
  { pool, caller, answered }: OperatorContext,
) =>
  answered(() => committed(pool, (tx) => claimKey(tx, caller.sub, idempotencyKey, dryRun ?? false))).then(
    (record) => record ?? null,
  );

interface ListArguments {
  readonly filter?: {
    readonly chatId?: string | null;
    readonly replicaId?: string | null;
    readonly actor?: string | null;
    readonly action?: readonly string[] | null;
    readonly outcome?: readonly string[] | null;
    readonly dryRun?: boolean | null;
  } | null;
  readonly first?: number | null;
  readonly after?: string | null;
}

async function list({ filter, first, after }: ListArguments, { pool, caller, answered }: OperatorContext) {
  requireAudit(caller);
  const size = pageSize(first);
  const { chatId = null, replicaId = null, actor, action, outcome, dryRun = null } = filter ?? {};
  const rows = await answered(() =>
    listRecords(pool, {
      ...{ chatId, replicaId, dryRun, actors: actor == null ? null : storableTexts([actor]) },
      ...{ actions: action ? storableTexts(action) : null, outcomes: outcome ? storableTexts(outcome) : null },
      ...{ after: after == null ? null : places.decode(after), limit: size + 1 },
    }),
  );
  const edges = rows.slice(0, size).map((node) => ({ node, cursor: places.encode({ at: node.atText, id: node.id }) }));
  return {
    edges,
    pageInfo: {
      ...{ hasNextPage: rows.length > size, hasPreviousPage: after != null },
      ...{ startCursor: edges[0]?.cursor ?? null, endCursor: edges.at(-1)?.cursor ?? null },
    },
  };
}

/** Offers of all actions on a chat. A token is made only where it is asked for. */
async function offers(chatId: string, { chat: chats, caller, tokens }: OperatorContext) {
  const chat = await chats.load(chatId);
  if (!chat) return null;
  const { workerId, runnerId } = chat;
  const version = versionOf(chat);
  const expiresAt = tokens.expiry();
  return possibleActions(actedOn(chat)).map(({ action, whyNot: impossible, ...offer }) => {
    const whyNot = lackingRole(caller, action, chat) ?? impossible;
    const to = { action, chatId, sub: caller.sub };
    const token = () => (whyNot === null ? tokens.sign(to, { version, workerId, runnerId }, expiresAt) : null);
    return { ...offer, action, whyNot, allowed: whyNot === null, token, expiresAt: whyNot === null ? expiresAt : null };
  });
}

/** An incident as the gateway hands it over: what the recorder told of it. */
interface OfIncident {
  readonly id: string;
  readonly chatId: string;
  readonly openedAt: string;
  readonly closedAt?: string | null;
}

export const resolvers = {
  ...scalars,
  Query: {
    actionRecord: (_: unknown, given: Parameters<typeof ownRecord>[0], context: OperatorContext) =>
      ownRecord(given, context),
    actionRecords: (_: unknown, given: ListArguments, context: OperatorContext) => list(given, context),
    ...planResolvers.Query,
  },
  Mutation: { ...mutations, ...planResolvers.Mutation },
  ActionPlan: planResolvers.ActionPlan,
  PlanItem: planResolvers.PlanItem,
  Incident: {
    __resolveReference: async (incident: OfIncident) => incident,
    actions: (
      { chatId, openedAt, closedAt }: OfIncident,
      { first }: { first?: number | null },
      { caller, recordsWithin }: OperatorContext,
    ) => {
      requireAudit(caller);
      return recordsWithin.load({ chatId, from: openedAt, to: closedAt ?? null, first: pageSize(first) });
    },
  },
  ChatDebugSnapshot: {
    __resolveReference: async ({ chatId }: { chatId: unknown }) => ({ chatId: requireUuid(chatId) }),
    actions: ({ chatId }: { chatId: string }, _: unknown, context: OperatorContext) => offers(chatId, context),
    actionRecords: (
      { chatId }: { chatId: string },
      { first }: { first?: number | null },
      { caller, records }: OperatorContext,
    ) => {
      requireAudit(caller);
      return records.load({ chatId, first: pageSize(first) });
    },
  },
};
