/**
 * Healthy chats through whole lives, on three untouched replicas, while diagnoses are asked at random moments. Any
 * finding of WARNING or worse is a false alarm.
 */
import { randomUUID } from 'node:crypto';
import pg from 'pg';
import { systemClock } from '../../../common/clock.ts';
import { type TransitionName, TransitionRefused } from '../../../domain/transitions.ts';
import { ChatStore } from '../../../subgraphs/runtime/chatd/chatStore.ts';
import { type Random, randomFrom } from '../../faults/random.ts';
import { ChatClient } from '../../support/chatClient.ts';
import { type Fleet, type FleetDiagnosis, type FleetReplica, startFleet } from './fleet.ts';
import { untilFewTurns } from './turns.ts';

/** The intervals are long: a busy machine may take seconds over what an idle one does at once. */
const SETTINGS = {
  ...{ staleAfterSeconds: 60, heartbeatIntervalSeconds: 10, acquisitionIntervalSeconds: 20 },
  noProgressSeconds: 20,
};
const TEXTS = [
  ...['hello', 'hello', '/slow 1', '/slow 3', '/slow 6', '/slow 20'],
  ...['/tool add_numbers', '/tool ask', '/fail 1', '/busy 2'],
] as const;
const ACTIONS: readonly [TransitionName, ...TransitionName[]] = [
  ...(['send', 'send', 'send', 'sendInterrupting', 'interrupt', 'edit', 'completeRequiresAction'] as const),
  ...(['completeRequiresAction', 'deleteQueued', 'promoteQueued', 'archive', 'unarchive'] as const),
];
/** Actions on children. Archiving a child while its parent waits for it would be told. */
const ACTIONS_OF_CHILDREN: typeof ACTIONS = ['send', 'sendInterrupting', 'interrupt', 'edit', 'completeRequiresAction'];
const REPLICAS = 3;
/** Together less than the turns that may run: now and then a chat waits for room. */
const ROOM = 12;
/** A replica of the next version is started so often, in milliseconds, and one of the others told to stop. */
const REPLACE_EVERY_MS = 15_000;
/** So many lives are those of chats that another one started. */
const CHILDREN = 0.2;
const SAMPLE = 25;
/** Lives begin this far apart, in milliseconds. */
const BEGIN_EVERY_MS = 120;
/** Turns that run at once; more would be too much for the machine. */
const MOST_TURNS = 40;

interface FalseAlarm {
  readonly chatId: string;
  readonly diagnosis: FleetDiagnosis;
}

interface HealthyFindings {
  readonly chats: number;
  readonly actions: number;
  readonly samples: number;
  /** Samples by verdict. */
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
    const start = () => fleet.startReplica({ MAX_RUNNERS: `${ROOM}` });
    const replicas = await Promise.all(Array.from({ length: REPLICAS }, start));
    const store = new ChatStore(pool);
    const client = new ChatClient(pool, store);
    const all: string[] = [];
    const alive = new Set<string>();
    let actions = 0;
    const fewTurns = untilFewTurns(pool, MOST_TURNS);
    const live = async (place: number) => {
      await systemClock.sleep(place * BEGIN_EVERY_MS);
      await fewTurns();
      const { id, isChild } = await beBorn(store, all, random);
      all.push(id);
      alive.add(id);
      for (let left = 2 + random.below(5); left > 0; left -= 1) {
        await systemClock.sleep(random.between(0, 4_000));
        await fewTurns();
        const action = random.pick(isChild ? ACTIONS_OF_CHILDREN : ACTIONS);
        if (await accepted(client.ask(id, [action]))) actions += 1;
      }
      alive.delete(id);
    };
    const lives = Promise.all(Array.from({ length: scale.chats }, (_, place) => live(place)));
    const upgrade = replaceUntil(lives, replicas, start);
    const sampled = await sample(fleet, { all, alive }, lives, random);
    await upgrade;
    return { chats: scale.chats, actions, ...sampled };
  } finally {
    await fleet.stop();
    await pool.end();
  }
}

/** A new chat, now and then of another one. An archived one has no new children. */
async function beBorn(store: ChatStore, all: readonly string[], random: Random) {
  const text = random.pick(TEXTS);
  const ownerId = randomUUID();
  const [first, ...others] = all;
  if (first !== undefined && random.between(0, 1) < CHILDREN) {
    const parentId = random.pick([first, ...others]);
    const child = await refusedAs(undefined, store.create({ ownerId, text, parentId }));
    if (child) return { id: child.id, isChild: true };
  }
  return { id: (await store.create({ ownerId, text })).id, isChild: false };
}

/** Replaces replicas as a rolling upgrade does: one more starts, and then the oldest is told to stop. */
async function replaceUntil(
  lives: Promise<unknown>,
  replicas: FleetReplica[],
  start: () => Promise<FleetReplica>,
): Promise<void> {
  const ended = new AbortController();
  lives.catch(() => undefined).finally(() => ended.abort());
  for (;;) {
    await systemClock.sleep(REPLACE_EVERY_MS, ended.signal).catch(() => undefined);
    if (ended.signal.aborted) return;
    replicas.push(await start());
    replicas.shift()?.kill('SIGTERM');
  }
}

const accepted = (asked: Promise<unknown>): Promise<boolean> =>
  refusedAs(
    false,
    asked.then(() => true),
  );

async function refusedAs<T, R>(refused: R, asked: Promise<T>): Promise<T | R> {
  try {
    return await asked;
  } catch (error) {
    if (error instanceof TransitionRefused) return refused;
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
