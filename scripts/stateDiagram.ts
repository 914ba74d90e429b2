/** The chat's state machine as a page of documentation, made from the table that is executed. */
import { readFileSync } from 'node:fs';
import { writeFile } from 'node:fs/promises';
import { Kind, parse } from 'graphql';
import { type Effect, TABLE } from '../domain/stateMachine.ts';

const target = new URL('../docs/state-machine.md', import.meta.url);
const schema = new URL('../subgraphs/database/schema.graphql', import.meta.url);

const EFFECTS: Readonly<Record<Effect, string>> = {
  append: 'adds messages to the history',
  enqueue: 'adds a message to the end of the queue',
  moveToHead: 'moves the named queued message to the head of the queue',
  removeQueued: 'deletes the named queued message',
  clearQueue: 'empties the queue',
  promoteHead: 'moves the first message of the queue into the history',
  deleteFrom: 'marks the named message and all later ones deleted',
  cancelOpenCalls: 'gives a cancelled result to each tool call without a result',
  answerOpenCalls: 'gives the open tool calls the results of the request',
  setDeadline: 'sets the deadline for tool results',
  clearDeadline: 'clears the deadline for tool results',
  setLastError: 'writes the failure into `last_error`',
  clearLastError: 'clears `last_error`',
  countAttempt: 'counts an attempt at the step',
  setRetryState: 'writes the next attempt into `retry_state`',
  releaseOwner: 'clears the owner',
};

/** The whole page, in Markdown; `npm run docs` writes it to docs/state-machine.md. */
export function stateMachinePage(): string {
  const rows = Object.entries(TABLE)
    .filter(([name]) => name !== 'abandon')
    .flatMap(([name, rules]) => Object.entries(rules).map(([from, rule]) => ({ name, from, ...rule })));
  const arrows = new Map<string, string[]>();
  for (const { name, from, to } of rows) {
    for (const state of to) {
      const arrow = `${from} --> ${state}`;
      arrows.set(arrow, [...(arrows.get(arrow) ?? []), name]);
    }
  }
  const diagram = [...arrows].map(([arrow, names]) => `    ${arrow}: ${names.join(', ')}`);
  const table = rows.map(
    ({ name, from, to, does }) => `| \`${name}\` | ${from} | ${to.join(' or ')} | ${does.join(', ')} |`,
  );
  const used = new Set<string>(rows.flatMap(({ does }) => does));
  const effects = Object.entries(EFFECTS).filter(([name]) => used.has(name));
  return [
    '# The state machine of a chat',
    '',
    '`npm run docs` makes this page from `domain/stateMachine.ts`.',
    '',
    '- `create` makes a chat in R0.',
    '- `acquire` and `abandon` change the owner and keep the state.',
    '- A step that is not listed here is refused.',
    '',
    '## States',
    '',
    'The letter is the status. The digit says whether messages wait in the queue. X means archived.',
    '',
    '| state | meaning |',
    '| --- | --- |',
    ...statesOfSchema().map(({ name, description }) => `| ${name} | ${description} |`),
    '',
    '## Diagram',
    '',
    '```mermaid',
    'stateDiagram-v2',
    '    [*] --> R0: create',
    ...diagram,
    '```',
    '',
    '## Transitions',
    '',
    '| transition | from | to | what else the transaction changes |',
    '| --- | --- | --- | --- |',
    ...table,
    '',
    'What the last column means:',
    '',
    '| change | meaning |',
    '| --- | --- |',
    ...effects.map(([name, meaning]) => `| ${name} | ${meaning} |`),
    '',
  ].join('\n');
}

/** States in the order of the schema, with the sentences that GraphiQL shows. */
function statesOfSchema(): { name: string; description: string }[] {
  const enums = parse(readFileSync(schema, 'utf8')).definitions.filter(
    (definition) => definition.kind === Kind.ENUM_TYPE_DEFINITION,
  );
  const states = enums.find(({ name }) => name.value === 'ExecutionState');
  return (states?.values ?? []).map(({ name, description }) => ({
    name: name.value,
    description: description?.value ?? '',
  }));
}

if (process.argv[1] === new URL(import.meta.url).pathname) await writeFile(target, stateMachinePage());
