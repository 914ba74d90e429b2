/**
 * How long does a question hold the event loop of a replica that works on 2,000 chats, beside one that works on 20?
 * Message buffers are filled to `BUFFER_TOTAL_BYTES`. The questions are counts, and one chat with every field, as a
 * gateway asks them.
 */
import * as z from 'zod';
import { stopAll } from './gateway/processes.ts';
import { type FilledReplica, startFilled } from './replica/filled.ts';
import { counts, oneChat, type Question } from './replica/questions.ts';
import { tell } from './support/answers.ts';
import { withDatabase } from './support/postgres.ts';
import { median } from './support/statistics.ts';
import { printTable, shown } from './support/table.ts';

const FEW = 20;
const MANY = 2_000;
const ROUNDS = 5;
const REQUESTS = 1_500;
const WARM_UP_REQUESTS = 500;
const GOAL_MS = 1;

const answer = z.strictObject({ data: z.object({ _entities: z.array(z.looseObject({ workerId: z.string() })) }) });

/** Microseconds of one round. */
interface Round {
  readonly request: number;
  readonly inspector: number;
  readonly bare: number;
}

interface Measured {
  readonly what: 'counts' | 'one chat';
  readonly replica: FilledReplica;
  readonly question: () => Question;
  readonly bareUrl: string;
  readonly rounds: Round[];
}

async function toMeasure(replica: FilledReplica): Promise<Measured[]> {
  const { url, workerId, chatIds } = replica;
  let place = 0;
  const both = [
    { what: 'counts', question: () => counts(workerId) },
    { what: 'one chat', question: () => oneChat(workerId, chatIds[place++ % chatIds.length] ?? '') },
  ] as const;
  const list: Measured[] = [];
  for (const { what, question } of both) {
    const constant = await replica.answerTo(question());
    answer.parse(JSON.parse(constant));
    const bareUrl = await replica.bareUrl(constant);
    for (const asked of [url, bareUrl]) await replica.costOf(asked, WARM_UP_REQUESTS, question);
    list.push({ what, replica, question, bareUrl, rounds: [] });
  }
  return list;
}

async function measureRound({ what, replica, question, bareUrl, rounds }: Measured): Promise<void> {
  const request = await replica.costOf(replica.url, REQUESTS, question);
  const bare = await replica.costOf(bareUrl, REQUESTS, question);
  const { countsUs, chatUs } = await replica.inspection(REQUESTS);
  rounds.push({ request, bare, inspector: what === 'counts' ? countsUs : chatUs });
}

const milliseconds = ({ rounds }: Measured, of: keyof Round) => median(rounds.map((round) => round[of])) / 1_000;

function tellAll(all: readonly Measured[]): void {
  const found = all.map((measured) => {
    const few = all.find(({ what, replica }) => what === measured.what && replica.runners === FEW) ?? measured;
    const ms = milliseconds(measured, 'request');
    return {
      ...measured,
      ms,
      isMet: ms <= GOAL_MS,
      ratio: `${shown(ms / milliseconds(few, 'request'), 2)} ×`,
      measured,
    };
  });
  printTable(
    `What does a question cost a replica? Milliseconds of CPU, medians of ${ROUNDS} rounds of ${shown(REQUESTS)} requests.`,
    [
      ...['question', 'runners', 'the whole request', 'goal', 'of it the inspector', 'bare handler, same answer'],
      `against ${FEW} runners`,
    ],
    found.map(({ what, replica, ms, isMet, ratio, measured }) => [
      ...[what, shown(replica.runners), shown(ms, 2), `≤ ${GOAL_MS}, ${isMet ? 'met' : 'not met'}`],
      ...[shown(milliseconds(measured, 'inspector'), 4), shown(milliseconds(measured, 'bare'), 2)],
      replica.runners === FEW ? '' : ratio,
    ]),
  );
  tell(
    found
      .filter(({ replica }) => replica.runners === MANY)
      .map(({ what, ms, isMet, ratio, measured }) => ({
        ...{
          question: `${what} of a replica with ${shown(MANY)} runners and full buffers`,
          goal: `≤ ${GOAL_MS} ms`,
          isMet,
        },
        figure: `${shown(ms, 2)} ms, ${ratio} that of ${FEW} runners`,
        peers: `${shown(milliseconds(measured, 'bare'), 2)} ms by a bare handler`,
      })),
  );
}

await withDatabase(async (database) => {
  try {
    const replicas = [await startFilled(database, FEW), await startFilled(database, MANY)];
    const all = (await Promise.all(replicas.map(toMeasure))).flat().sort((a, b) => a.what.localeCompare(b.what));
    for (let round = 0; round < ROUNDS; round += 1) {
      for (const measured of all) await measureRound(measured);
    }
    tellAll(all);
    for (const { runners, idleMsPerSecond } of replicas) {
      console.log(`${shown(runners)} runners that nobody asks about: ${shown(idleMsPerSecond, 1)} ms of CPU a second`);
    }
  } finally {
    await stopAll();
  }
});
