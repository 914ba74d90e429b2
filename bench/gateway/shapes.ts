/** Questions to the gateways, from little to much. */
import { parse, print, visit } from 'graphql';
import { SNAPSHOT_OPERATION } from '../../gateway/queries/snapshotOperation.ts';

export interface Shape {
  readonly name: string;
  readonly query: string;
  readonly variables: Readonly<Record<string, unknown>>;
  /** The same, as somebody would ask who knows which subgraph has what; `runtime` null: nothing is asked of replicas. */
  readonly calls: { readonly database: string; readonly runtime: string | null };
}

const chatId = (i: number) => `cccccccc-0000-4000-8000-${i.toString(16).padStart(12, '0')}`;
const KEYS = '{ chatId workerId }';
const FIELD = 'query ($chat: UUID!) { chatDebugSnapshot(chatId: $chat) { executionState } }';
const FIFTY = `query ($chats: [UUID!]!) { chatDebugSnapshots(chatIds: $chats) { chatId executionState
  database { status ownerId workerId runnerId snapshotVersion historyVersion queueDepth updatedAt heartbeat { ageSeconds isStale } }
  runtime { reachability { status reason } localWorkerId observedAt eventLoopDelayMs
    runners { runnerId phase startedAt status snapshotVersion activeTaskKind activeTask { kind runningSeconds } lease { ageSeconds } }
    messageBuffers { historyVersion partsBuffered bytesBuffered isClosed } } } }`;

/** Answer without what differs from time to time, or between gateways. */
const SNAPSHOT = print(
  visit(parse(SNAPSHOT_OPERATION), {
    Field: ({ name }) => (['elapsedMs', 'address'].includes(name.value) ? null : undefined),
  }),
);

export function halves(query: string): Shape['calls'] {
  const document = parse(query);
  let selected = '';
  const database = visit(document, {
    FragmentDefinition: () => null,
    Field: ({ name, selectionSet }) => {
      if (name.value !== 'runtime' || !selectionSet) return undefined;
      selected = print(selectionSet);
      const [keys] = parse(`{ runtime ${KEYS} }`).definitions;
      return keys?.kind === 'OperationDefinition' ? keys.selectionSet.selections[0] : undefined;
    },
  });
  const fragments = document.definitions.filter(({ kind }) => kind === 'FragmentDefinition').map(print);
  const runtime = `query ($representations: [_Any!]!) { _entities(representations: $representations) { ... on ChatRuntime ${selected} } } ${fragments.join(' ')}`;
  return { database: print(database), runtime: selected === '' ? null : runtime };
}

/** Fifty chats, every `step`-th. The owner of the next chat is the next replica. */
export const fiftyEach = (step: number): string[] => Array.from({ length: 50 }, (_, i) => chatId(i * step));

export const FIFTY_CHATS: Shape = {
  ...{ name: '50 chats with both halves', query: FIFTY, variables: { chats: fiftyEach(1) }, calls: halves(FIFTY) },
};
export const SHAPES: readonly Shape[] = [
  { name: 'one field of one chat', query: FIELD, variables: { chat: chatId(1) }, calls: halves(FIELD) },
  { name: 'the whole snapshot of one chat', query: SNAPSHOT, variables: { chat: chatId(1) }, calls: halves(SNAPSHOT) },
  FIFTY_CHATS,
];
