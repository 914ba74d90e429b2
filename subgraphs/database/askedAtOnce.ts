/**
 * The questions that an operation will ask of the database, read from its selection.
 * If all are known before the first row is, they are asked at once, and one statement answers them.
 * So they are asked before it is known whether the caller may read the chat: they are narrowed to the caller's own chats.
 */
import { type FieldNode, type GraphQLResolveInfo, isObjectType } from 'graphql';
import { collectFields, collectSubfields } from 'graphql/execution/collectFields.js';
import { getArgumentValues } from 'graphql/execution/values.js';
import { pageSize } from '../../server/graphql/pageSize.ts';
import { type Caller, mayReadAll } from '../../server/tokens/internalToken.ts';
import { type Readable, readableOwner } from './access.ts';
import { type HistoryArguments, historyPage } from './historyPage.ts';
import type { Loaders } from './loaders.ts';
import type { Reading } from './reading.ts';

/** Asks what a field of one chat needs besides the row. The variables are those of this request. */
type Ask = (loaders: Loaders, chatId: string, caller: Caller, variables: Variables) => Promise<unknown> | undefined;
type Variables = GraphQLResolveInfo['variableValues'];

const leases: Ask = ({ heartbeats }, id) => heartbeats.load(id);
const queue: Ask = ({ queueDepths }, id) => queueDepths.load(id);

/**
 * Questions by field. Null: the question is known only once the row is. A field that is not listed needs the row alone.
 */
const OF_SNAPSHOT: Readonly<Record<string, Ask | null>> = {
  executionState: queue,
  everywhere: ({ recentReplicaIds }, _id, caller) => (mayReadAll(caller) ? recentReplicaIds() : undefined),
  recentOwners: ({ recentOwners }, id) => recentOwners.load(id),
  candidates: ({ heartbeats, candidateIds }, id) => Promise.all([heartbeats.load(id), candidateIds()]),
};
/** Questions that depend on the arguments of their field. A bad argument is an error of the field itself. */
const WITH_ARGUMENTS: Readonly<Record<string, (loaders: Loaders, chatId: string, args: HistoryArguments) => unknown>> =
  {
    history: ({ events }, id, args) => events(historyPage(args)).load(id),
    ownership: ({ ownership }, id, { first }) => ownership(pageSize(first)).load(id),
  };
const OF_DATABASE: Readonly<Record<string, Ask | null>> = {
  queueDepth: queue,
  heartbeat: leases,
  heartbeats: leases,
  heartbeatState: leases,
  unreadable: leases,
  messageStats: ({ messageStats }, id) => messageStats.load(id),
  lastMessage: ({ lastMessage }, id) => lastMessage.load(id),
  turn: ({ turn }, id) => turn.load(id),
  openCalls: ({ openCalls }, id) => openCalls.load(id),
  oldestQueuedAgeSeconds: ({ queueAges }, id) => queueAges.load(id),
  lostChildren: ({ lostChildren }, id) => lostChildren.load(id),
  trouble: ({ trouble }, chatId) => trouble.load({ chatId }),
  children: null,
};

const ROOTS = ['chatDebugSnapshot', 'chatDebugSnapshots', '_entities'];

/** Begins all questions about a chat at a place of the operation, where that is possible. */
export type AskAtOnce = (chatId: string, info: GraphQLResolveInfo) => void;

/**
 * Questions below the nodes of a field; undefined: others of the operation are known only later. A plan of an operation has
 * nodes of its own (`server/graphql/execution.ts`), so they stand for the values of its `@skip` and `@include`, too.
 */
const kept = new WeakMap<readonly FieldNode[], { readonly asks: readonly Ask[] | undefined }>();

function asksFor(info: GraphQLResolveInfo): readonly Ask[] | undefined {
  const { fieldNodes } = info;
  const known = kept.get(fieldNodes);
  if (known) return known.asks;
  const asks = isKnownAtOnce(info) ? asksBelow(info, fieldNodes).filter((ask) => ask !== null) : undefined;
  kept.set(fieldNodes, { asks });
  return asks;
}

/** Makes the function of one operation. */
export const makeAskAtOnce =
  (loaders: Loaders, reading: Reading, caller: Caller, readable: Readable): AskAtOnce =>
  (chatId, info) => {
    const asks = asksFor(info);
    if (!asks || !reading.openBatch(readableOwner(readable))) return;
    for (const ask of asks) ask(loaders, chatId, caller, info.variableValues)?.catch(() => {}); // the field that needs it fails by it
  };

/** True if every root field leads to chats by their ids, and to nothing that depends on their rows. */
function isKnownAtOnce(info: GraphQLResolveInfo): boolean {
  const { schema, fragments, variableValues, operation } = info;
  const query = schema.getQueryType();
  if (!query) return false;
  const roots = [...collectFields(schema, fragments, variableValues, query, operation.selectionSet).values()];
  return roots.every((nodes) => {
    const name = nodes[0]?.name.value ?? '';
    if (name === '__typename') return true;
    if (name === '_entities' && below(info, 'Replica', nodes).some(([node]) => node?.name.value !== '__typename'))
      return false;
    return ROOTS.includes(name) && !asksBelow(info, nodes).includes(null);
  });
}

/** Questions of the fields of a chat that are selected below `nodes`. */
function asksBelow(info: GraphQLResolveInfo, nodes: readonly FieldNode[]): (Ask | null)[] {
  const snapshot = below(info, 'ChatDebugSnapshot', nodes);
  const database = snapshot
    .filter(([node]) => node?.name.value === 'database')
    .flatMap((selected) => below(info, 'ChatDatabaseState', selected));
  const ask = (of: typeof OF_SNAPSHOT, selected: typeof snapshot) =>
    selected.map(([node]) => of[node?.name.value ?? '']).filter((one) => one !== undefined);
  const withArguments = snapshot.flatMap(([node]) => (node ? askWithArguments(info, node) : []));
  return [...new Set([...ask(OF_SNAPSHOT, snapshot), ...ask(OF_DATABASE, database), ...withArguments])];
}

function askWithArguments({ schema }: GraphQLResolveInfo, node: FieldNode): Ask[] {
  const snapshot = schema.getType('ChatDebugSnapshot');
  const field = isObjectType(snapshot) ? snapshot.getFields()[node.name.value] : undefined;
  const ask = WITH_ARGUMENTS[node.name.value];
  if (!field || !ask) return [];
  return [async (loaders, chatId, _, variables) => ask(loaders, chatId, getArgumentValues(field, node, variables))];
}

/** Fields selected below `nodes`, if the type has this name, each with all places where it is selected. */
function below({ schema, fragments, variableValues }: GraphQLResolveInfo, type: string, nodes: readonly FieldNode[]) {
  const found = schema.getType(type);
  if (!isObjectType(found)) return [];
  return [...collectSubfields(schema, fragments, variableValues, found, nodes).values()];
}
