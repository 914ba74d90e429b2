/**
 * Healthy chats through whole lives, on three replicas that nothing is done to, while their diagnoses are asked for at moments
 * of chance: whatever of WARNING or worse is found is a false alarm.
 */
import { randomUUID } from 'node:crypto';
import pg from 'pg';
import { systemClock } from '../../../common/clock.ts';
import { ChatStore } from '../../../subgraphs/runtime/chatd/chatStore.ts';
import { type TransitionName, TransitionRefused } from '../../../subgraphs/runtime/chatd/transitions.ts';
import { type Random, randomFrom } from '../../faults/random.ts';
import { ChatClient } from '../../support/chatClient.ts';
import { type Fleet, type FleetDiagnosis, startFleet } from './fleet.ts';
import { untilFewTurns } from './turns.ts';

/** The intervals are long: a busy machine may take seconds over what an idle one does at once. */
const SETTINGS = {
  ...{ staleAfterSeconds: 60, heartbeatIntervalSeconds: 10, acquisitionIntervalSeconds: 20 },
  noProgressSeconds: 20,
};
const TEXTS = ['hello', 'hello', '/slow 1', '/slow 3', '/slow 6', '/tool add_numbers', '/tool ask', '/fail 1'] as const;
const ACTIONS: readonly [TransitionName, ...TransitionName[]] = [
  ...(['send', 'send', 'send', 'sendInterrupting', 'interrupt', 'edit', 'completeRequiresAction'] as const),
  ...(['completeRequiresAction', 'deleteQueued', 'promoteQueued', 'archive', 'unarchive'] as const),
];
const REPLICAS = 3;
const SAMPLE = 25;
/** Lives begin this far apart, in milliseconds. */
const BEGIN_EVERY_MS = 120;
/** What all of them together may do is bounded by the machine: nothing is done to any while more turns than these run. */
const MOST_TURNS = 40;

export interface FalseAlarm {
  readonly chatId: string;
  readonly diagnosis: FleetDiagnosis;
}

export interface HealthyFindings {
  readonly chats: number;
  readonly actions: number;
  readonly samples: number;
  /** Of the samples, by verdict. */
  readonly verdicts: ReadonlyMap<string, number>;
  readonly falseAlarms: readonly FalseAlarm[];
}

export async function runHealthy(scale: {
  databaseUrl: string;
  chats: number;
  seed: number;
}): Promise<HealthyFindings> {
  const random = randomFrom(scale.seed);
  const pool = new pg.Pool({ connectionString: scale.databaseUrl, max: 10 });
  const fleet = await startFleet({ databaseUrl: scale.databaseUrl, settings: SETTINGS, proxied: false });
  try {
    await Promise.all(Array.from({ length: REPLICAS }, () => fleet.startReplica()));
    const store = new ChatStore(pool);
    const client = new ChatClient(pool, store);
    const all: string[] = [];
    const alive = new Set<string>();
    let actions = 0;
    const fewTurns = untilFewTurns(pool, MOST_TURNS);
    const live = async (place: number) => {
      await systemClock.sleep(place * BEGIN_EVERY_MS);
      await fewTurns();
      const { id } = await store.create({ ownerId: randomUUID(), text: random.pick(TEXTS) });
      all.push(id);
      alive.add(id);
      for (let left = 2 + random.below(5); left > 0; left -= 1) {
        await systemClock.sleep(random.between(0, 4_000));
        await fewTurns();
        if (await accepted(client.ask(id, [random.pick(ACTIONS)]))) actions += 1;
      }
      alive.delete(id);
    };
    const lives = Promise.all(Array.from({ length: scale.chats }, (_, place) => live(place)));
    const sampled = await sample(fleet, { all, alive }, lives, random);
    return { chats: scale.chats, actions, ...sampled };
  } finally {
    await fleet.stop();
    await pool.end();
  }
}

async function accepted(asked: Promise<unknown>): Promise<boolean> {
  try {
    await asked;
    return true;
  } catch (error) {
    if (error instanceof TransitionRefused) return false;
    throw error;
  }
}

/** Three of four times it is those that somebody does something with. */
async function sample(
  fleet: Fleet,
  { all, alive }: { all: readonly string[]; alive: ReadonlySet<string> },
  lives: Promise<unknown>,
  random: Random,
) {
  const verdicts = new Map<string, number>();
  const falseAlarms: FalseAlarm[] = [];
  let samples = 0;
  let ended = false;
  const end = lives.finally(() => {
    ended = true;
  });
  while (!ended) {
    await systemClock.sleep(random.between(0, 300));
    const chosen = random.shuffle(random.below(4) === 0 ? all : [...alive]).slice(0, SAMPLE);
    const diagnoses = await fleet.diagnose(chosen, { everywhere: random.below(3) === 0 });
    for (const [place, diagnosis] of diagnoses.entries()) {
      samples += 1;
      verdicts.set(diagnosis.verdict, (verdicts.get(diagnosis.verdict) ?? 0) + 1);
      const isAlarm = diagnosis.findings.some(({ severity }) => severity !== 'INFO');
      if (isAlarm) falseAlarms.push({ chatId: chosen[place] ?? '', diagnosis });
    }
  }
  await end;
  return { verdicts, samples, falseAlarms };
}
