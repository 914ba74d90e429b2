/**
 * All benches, one after the other, each in a process of its own that prints its tables.
 * One table of all ends the run: the question, the goal, the figure, the same for others, and whether the goal is met.
 */
import { fork } from 'node:child_process';
import { once } from 'node:events';
import { systemClock as clock } from '../common/clock.ts';
import { environmentWith } from '../server/settings/config.ts';
import type { AnswersMessage, BenchAnswer } from './support/answers.ts';
import { printTable, shown } from './support/table.ts';

/** Benches with their arguments. Rounds are fewer or shorter than alone, where all together would take too long. */
const BENCHES: readonly (readonly [string, ...string[]])[] = [
  ['gateway.ts', '5', '1.2'],
  ['wholeWay.ts', '3'],
  ['routing.ts', '3'],
  ['fanout.ts', '3'],
  ['database.ts'],
  ['turns.ts', '2'],
  ['replica.ts'],
  ['startup.ts', '3'],
  ['memory.ts', '40000'],
];

/** Reads what it tells until it ends; one that fails has told what it could. */
async function run([file, ...options]: (typeof BENCHES)[number]): Promise<readonly BenchAnswer[]> {
  console.log(`\n${file} ${options.join(' ')}`);
  const begunMs = clock.monotonicMs();
  const answers: BenchAnswer[] = [];
  const child = fork(new URL(file, import.meta.url), options, {
    execArgv: ['--import', 'tsx'],
    env: environmentWith({}),
  });
  child.on('message', (message: AnswersMessage) => answers.push(...message.answers));
  const [code] = await once(child, 'exit');
  console.log(`${file} took ${shown((clock.monotonicMs() - begunMs) / 1_000)} s`);
  if (code !== 0) answers.push({ question: file, goal: 'an answer', figure: `ended with ${code}`, isMet: false });
  return answers;
}

const begunMs = clock.monotonicMs();
const all: BenchAnswer[] = [];
for (const bench of BENCHES) all.push(...(await run(bench)));

const verdict = ({ isMet }: BenchAnswer) => (isMet === undefined ? '' : isMet ? 'yes' : 'no');
printTable(
  `All questions, in ${shown((clock.monotonicMs() - begunMs) / 60_000, 1)} minutes`,
  ['question', 'goal', 'figure', 'others', 'met'],
  all.map((answer) => [answer.question, answer.goal, answer.figure, answer.peers ?? '', verdict(answer)]),
);
