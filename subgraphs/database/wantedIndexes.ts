/** Indexes that the questions go along, so that one which is missing can be named. A test compares them with the migrations. */

/** As Postgres describes an index, from its method on. */
export const WANTED_INDEXES: Readonly<Record<string, readonly string[]>> = {
  chats: [],
};

const TABLE_OF_QUESTION: ReadonlyMap<string, string> = new Map([
  ...['chatPage', 'chatRows', 'children', 'lostChildren', 'ownedChats'].map((name): [string, string] => [
    name,
    'chats',
  ]),
  ...['queueDepths', 'queueAges'].map((name): [string, string] => [name, 'chat_queued_messages']),
  ...['messageCounts', 'lastMessages', 'turns', 'openCalls'].map((name): [string, string] => [name, 'chat_messages']),
  ['heartbeatRows', 'chat_heartbeats'],
  ...['replicaRows', 'replicaRowsById', 'recentReplicaIds'].map((name): [string, string] => [name, 'replicas']),
]);

/** The table whose indexes a question goes along. */
export const tableOf = (question: string): string | undefined => TABLE_OF_QUESTION.get(question);
