/** Queries of an attacker, each as large as allowed: one generator for each way to make work out of few letters. */
const SOME_ID = '"cccccccc-0000-4000-8000-000000000001"';

/** `count` parts, one after the other. */
const times = (count: number, part: (i: number) => string, between = ' ') =>
  Array.from({ length: Math.max(Math.floor(count), 0) }, (_, i) => part(i)).join(between);

const chats = (selection: string) => `{ chats { edges { node { ${selection} } } } }`;
const chain = (count: number, each: (next: string, i: number) => string, last = 'chatId') =>
  `${times(count, (i) => `fragment F${i} on ChatDebugSnapshot { ${each(`F${i + 1}`, i)} }`)} fragment F${Math.floor(count)} on ChatDebugSnapshot { ${last} }`;
const nested = (levels: number, open: string, close: string, inner: string) =>
  open.repeat(levels) + inner + close.repeat(levels);
const HALVES =
  'runtime { eventLoopDelayMs runners { runnerId tasks { id } } } everywhere { eventLoopDelayMs messageBuffers { isClosed } }';
const TYPES = ['ChatDebugSnapshot', 'ChatDatabaseState', 'ChatRuntime', 'Heartbeat', 'Replica'];
const TYPE_REF = '{ name fields { name type { name } } }';

/** Generators of a query with about so many parts. */
export const HOSTILE: Readonly<Record<string, (n: number) => string>> = {
  'aliased roots, both halves': (n) =>
    `{ ${times(n, (i) => `a${i}: chatDebugSnapshot(chatId: ${SOME_ID}) { ${HALVES} }`)} }`,
  'aliased roots, one value': (n) =>
    `{ ${times(n, (i) => `a${i}: chatDebugSnapshot(chatId: ${SOME_ID}) { chatId }`)} }`,
  'aliased roots, different arguments': (n) =>
    `{ ${times(n, (i) => `a${i}: chats(first: ${i + 1}) { edges { cursor } }`)} }`,
  'aliased replicas with runtime': (n) => `{ ${times(n, (i) => `a${i}: replicas { id runtime { capacity } }`)} }`,
  'aliased values': (n) => chats(times(n, (i) => `a${i}: chatId`)),
  'aliased entities': (n) => chats(times(n, (i) => `a${i}: runtime { eventLoopDelayMs }`)),
  'aliased lists of entities': (n) => chats(times(n, (i) => `a${i}: everywhere { eventLoopDelayMs }`)),
  'the same value': (n) => chats(times(n, () => 'chatId')),
  'the same entity': (n) => chats(times(n, () => 'runtime { eventLoopDelayMs }')),
  'the same nested fields': (n) => `{ ${times(n, () => 'chats { edges { node { chatId } } }')} }`,
  'the same field, other arguments': (n) => `{ ${times(n, (i) => `chats(first: ${i + 1}) { edges { cursor } }`)} }`,
  'the same field, long equal arguments': (n) =>
    `{ ${times(20, () => `chats(filter: { status: [${times(n / 20, () => '"a"')}] }) { edges { cursor } }`)} }`,
  'the same alias of many fields': (n) => chats(`database { ${times(n, (i) => `x: ${i % 2 ? 'status' : 'title'}`)} }`),
  'fragments that double': (n) => `${chats('...F0')} ${chain(n / 8, (next) => `...${next} ... { ...${next} }`)}`,
  'fragments that double by alias': (n) =>
    `${chats('...F0')} ${chain(n / 8, (next, i) => `a${i}: chatId ...${next} ...${next}`)}`,
  'fragments in a chain': (n) => `${chats('...F0')} ${chain(n, (next) => `chatId ...${next}`)}`,
  'fragments in a chain that nobody spreads': (n) => `{ __typename } ${chain(n, (next) => `chatId ...${next}`)}`,
  'fragments in a circle': (n) => `${chats('...F0')} ${chain(n, (next) => `chatId ...${next}`, 'chatId ...F0')}`,
  'fragments that all spread all': (n) =>
    `${chats('...F0')} ${times(n, (i) => `fragment F${i} on ChatDebugSnapshot { ${times(n, (j) => `...F${j}`)} }`)}`,
  'a fragment spread often': (n) =>
    `${chats(times(n, () => '...F'))} fragment F on ChatDebugSnapshot { runtime { eventLoopDelayMs } }`,
  'many fragments, each once': (n) =>
    `${chats(times(n, (i) => `...F${i}`))} ${times(n, (i) => `fragment F${i} on ChatDebugSnapshot { runtime { eventLoopDelayMs } chatId }`)}`,
  'fragments on types that do not fit': (n) =>
    chats(times(n, (i) => `... on ${TYPES[i % TYPES.length]} { __typename }`)),
  'inline fragments side by side': (n) => chats(times(n, () => '... { runtime { eventLoopDelayMs } }')),
  'inline fragments in each other': (n) => chats(nested(n, '... { ', '}', 'chatId')),
  'conditions, each its own': (n) =>
    `query(${times(n, (i) => `$v${i}: Boolean!`)}) ${chats(times(n, (i) => `... @include(if: $v${i}) { runtime { eventLoopDelayMs } }`))}`,
  'conditions in each other': (n) =>
    `query(${times(n, (i) => `$v${i}: Boolean!`)}) ${chats(`${times(n, (i) => `... @include(if: $v${i}) {`)} runtime { eventLoopDelayMs } ${'}'.repeat(Math.floor(n))}`)}`,
  'skip and include on entities': (n) =>
    `query(${times(n, (i) => `$v${i}: Boolean!`)}) ${chats(times(n, (i) => `a${i}: runtime @skip(if: $v${i}) @include(if: $v${(i + 1) % Math.floor(n)}) { capacity: eventLoopDelayMs }`))}`,
  'one directive, repeated': (n) => `{ __typename ${times(n, () => '@skip(if: false)')} }`,
  'unknown directives': (n) => `{ __typename ${times(n, (i) => `@d${i}`)} }`,
  'unknown fields': (n) => `{ ${times(n, (i) => `chatDebugSnapsho${i}`)} }`,
  'unknown fields, nested': (n) => nested(n, '{a', '}', ''),
  'unknown arguments': (n) => `{ chats(${times(n, (i) => `firs${i}: 1`)}) { edges { cursor } } }`,
  'unknown types': (n) => `{ ${times(n, (i) => `... on ChatDebugSnapsho${i} { chatId }`)} }`,
  'unknown enum values': (n) =>
    `{ chats(filter: { executionState: [${times(n, (i) => `R${i}`)}] }) { edges { cursor } } }`,
  'unknown input fields': (n) => `{ chats(filter: { ${times(n, (i) => `statu${i}: 1`)} }) { edges { cursor } } }`,
  'many operations': (n) => times(n, (i) => `query Q${i} { replicas { id runtime { capacity } } }`),
  'variables nobody uses': (n) => `query(${times(n, (i) => `$v${i}: Int`)}) { __typename }`,
  'the same variable': (n) => `query(${times(n, () => '$v: Int')}) { __typename }`,
  'variables nobody declares': (n) => `{ ${times(n, (i) => `a${i}: chats(first: $v${i}) { edges { cursor } }`)} }`,
  'a long list': (n) => `{ chats(filter: { status: [${times(n, () => '"a"')}] }) { edges { cursor } } }`,
  'a list in a list': (n) => `{ chats(filter: ${nested(n, '[', ']', '')}) { edges { cursor } } }`,
  'an object in an object': (n) => `{ chats(filter: ${nested(n, '{ a: ', '}', '1')}) { edges { cursor } } }`,
  'a list in a list by default': (n) =>
    `query($v: ChatFilter = ${nested(n, '[', ']', '')}) { chats(filter: $v) { edges { cursor } } }`,
  'a long string': (n) => `{ chats(after: "${'x'.repeat(n)}") { edges { cursor } } }`,
  'a string of escapes': (n) => `{ chats(after: "${'\\u0041'.repeat(n)}") { edges { cursor } } }`,
  'a block string of lines': (n) => `{ chats(after: """${' \n'.repeat(n)}""") { edges { cursor } } }`,
  'a long name': (n) => `{ ${'x'.repeat(n)} }`,
  comments: (n) => `${'#\n'.repeat(n)} { __typename }`,
  'blanks and commas': (n) => `{ ${', '.repeat(n)} __typename }`,
  'the schema, again and again': (n) => `{ ${times(n, (i) => `a${i}: __schema { types ${TYPE_REF} }`)} }`,
  'the schema in itself': (n) => `{ __schema { types ${nested(n, '{ fields { type ', '} }', '{ name }')} } }`,
  'the schema in itself, by fragments': (n) =>
    `{ __schema { types { ...F0 } } } ${times(n, (i) => `fragment F${i} on __Type { ofType { ...F${i + 1} } fields { type { ...F${i + 1} } } }`)} fragment F${Math.floor(n)} on __Type { name }`,
  'types by name, aliased': (n) =>
    `{ ${times(n, (i) => `a${i}: __type(name: "ChatDatabaseState") { fields { args { name } type ${TYPE_REF} } }`)} }`,
  'types below types, aliased': (n) =>
    `{ __schema { types { ${times(n, (i) => `a${i}: fields { type { name ofType { name } } }`)} } } }`,
  'nothing but braces': (n) => '{'.repeat(n),
  'nothing but brackets': (n) => `{ a(b: ${'['.repeat(n)}`,
};

/** Its largest form of at most `characters`. */
export function largest(shape: (n: number) => string, characters: number): string {
  let fits = 1;
  while (shape(fits * 2).length <= characters) fits *= 2;
  let tooMany = fits * 2;
  while (tooMany - fits > 1) {
    const middle = Math.floor((fits + tooMany) / 2);
    if (shape(middle).length <= characters) fits = middle;
    else tooMany = middle;
  }
  return shape(fits);
}
