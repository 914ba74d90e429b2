/** The plan of a run, drawn from its seed before it begins. Pure; times are milliseconds from the run's start. */
import { type Random, randomFrom } from './random.ts';
import { REPLICAS, STALE_AFTER_SECONDS } from './settings.ts';

export const FAULTS = {
  kill: 'process killed (-9), another started',
  stop: 'process stopped past its lease (-STOP, -CONT)',
  drain: 'process told to end (SIGTERM), another started',
  restart: 'Postgres restarted',
  crash: 'Postgres crashed (heartbeats emptied)',
  cut: 'database connections cut',
  freeze: 'database connections frozen past the lease',
  deafen: 'notifications dropped',
  loseCommit: 'answer to a commit lost',
  shiftClock: 'wall clock moved by minutes',
} as const;
export type FaultKind = keyof typeof FAULTS;

export interface PlannedFault {
  readonly atMs: number;
  readonly kind: FaultKind;
  /** Place of the replica, from 0; of several, the first from here on that can be hit. Faults of Postgres ignore it. */
  readonly replica: number;
  readonly lastsMs: number;
  /** Minutes by which the clock is wrong. */
  readonly minutes: number;
}

/** Last word of a message, which decides how its turn ends. `hold` calls a tool that nobody answers. */
export type Word = 'plain' | 'slow' | 'failOnce' | 'fail' | 'add' | 'ask' | 'hold';

export interface PlannedMessage {
  readonly word: Word;
  /** Text that this message and no other has. */
  readonly tag: string;
  readonly text: string;
}

export type PlannedAction = { readonly afterMs: number } & (
  | { readonly name: 'send' | 'sendInterrupting'; readonly message: PlannedMessage }
  | { readonly name: 'interrupt' }
);

export interface PlannedChat {
  readonly atMs: number;
  readonly first: PlannedMessage;
  readonly afterwards: readonly PlannedAction[];
}

export interface Plan {
  readonly seed: number;
  readonly chats: readonly PlannedChat[];
  readonly faults: readonly PlannedFault[];
  /** Minutes by which each replica's clock is wrong from the start. */
  readonly clockMinutes: readonly number[];
}

export function makePlan({ seed, chats, seconds }: { seed: number; chats: number; seconds: number }): Plan {
  const random = randomFrom(seed);
  const lastMs = seconds * 1000;
  return {
    seed,
    chats: Array.from({ length: chats }, (_, place) => planChat(random, place, lastMs)),
    faults: planFaults(random, lastMs),
    clockMinutes: Array.from({ length: REPLICAS }, () => minutes(random)),
  };
}

const minutes = (random: Random) => Math.round(random.between(-20, 20));

const FAULT_EVERY_MS = 2_200;

/** Every kind as often as the others, in an order of chance, evenly spread with some chance: each at least twice. */
function planFaults(random: Random, lastMs: number): PlannedFault[] {
  const kinds = Object.keys(FAULTS) as FaultKind[];
  const rounds = Math.max(2, Math.floor(lastMs / (kinds.length * FAULT_EVERY_MS)));
  const order = Array.from({ length: rounds }, () => random.shuffle(kinds)).flat();
  const stepMs = lastMs / (order.length + 1);
  return order.map((kind, place) => ({
    kind,
    atMs: stepMs * (place + random.between(0.6, 1.4)),
    replica: random.below(REPLICAS),
    lastsMs: durationMs(kind, random),
    minutes: minutes(random),
  }));
}

function durationMs(kind: FaultKind, random: Random): number {
  const staleMs = STALE_AFTER_SECONDS * 1000;
  if (kind === 'stop' || kind === 'freeze') return random.between(staleMs + 200, staleMs + 700);
  if (kind === 'deafen') return random.between(2_000, 6_000);
  return random.between(0, 1_000);
}

function planChat(random: Random, place: number, lastMs: number): PlannedChat {
  let count = 0;
  const message = () => {
    count += 1;
    return planMessage(random, `#c${place}m${count}`);
  };
  const action = (): PlannedAction => {
    const name = random.pick<PlannedAction['name']>(['send', 'send', 'send', 'sendInterrupting', 'interrupt']);
    const afterMs = random.between(200, 5_000);
    return name === 'interrupt' ? { name, afterMs } : { name, afterMs, message: message() };
  };
  return {
    atMs: random.between(0, lastMs * 0.85),
    first: message(),
    afterwards: Array.from({ length: random.below(5) }, action),
  };
}

function planMessage(random: Random, tag: string): PlannedMessage {
  const word = random.pick<Word>([
    ...(['plain', 'plain', 'plain', 'plain', 'plain', 'plain', 'slow', 'slow', 'slow', 'slow'] as const),
    ...(['failOnce', 'fail', 'add', 'add', 'ask', 'ask', 'hold'] as const),
  ]);
  const seconds = 1 + random.below(5);
  return { word, tag, text: `${{ ...TEXT, slow: `/slow ${seconds}` }[word]} ${tag}` };
}

const TEXT: Readonly<Record<Word, string>> = {
  plain: 'tell me something',
  slow: '/slow',
  failOnce: '/fail 1',
  fail: '/fail 99',
  add: '/tool add_numbers',
  ask: '/tool ask',
  hold: '/tool hold',
};
