/** The chat's state machine as a page of documentation, made from the table that is executed. */
import { writeFile } from 'node:fs/promises';
import { TABLE } from '../domain/stateMachine.ts';

const target = new URL('../docs/state-machine.md', import.meta.url);

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
  return [
    '# The state machine of a chat',
    '',
    'Made from `domain/stateMachine.ts` by `npm run docs`. The states are explained in the schema, at',
    '`ExecutionState`. `create` leads to R0; `acquire` and `abandon` change the owner and keep the state. What is not listed',
    'is refused.',
    '',
    '```mermaid',
    'stateDiagram-v2',
    '    [*] --> R0: create',
    ...diagram,
    '```',
    '',
    '| transition | from | to | what else the transaction changes |',
    '| --- | --- | --- | --- |',
    ...table,
    '',
  ].join('\n');
}

if (process.argv[1] === new URL(import.meta.url).pathname) await writeFile(target, stateMachinePage());
