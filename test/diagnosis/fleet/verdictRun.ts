/**
 * Random faults over a fleet of three replicas, and the gateway's findings, compared with the log of the injections.
 * The replica of each chat is known without reading rows: replicas start one by one, and each takes its share.
 */
import { randomUUID } from 'node:crypto';
import pg from 'pg';
import { systemClock } from '../../../common/clock.ts';
import type { FindingCode } from '../../../domain/diagnosis/rules.ts';
import { ChatStore } from '../../../subgraphs/runtime/chatd/chatStore.ts';
import { randomFrom } from '../../faults/random.ts';
import { whileHeld } from '../../support/locks.ts';
import { type Fleet, type FleetDiagnosis, type FleetReplica, startFleet } from './fleet.ts';
import { INJECTIONS, type Injection, type Place, type Tools } from './injections.ts';
import { settled, untilRight } from './settled.ts';

const SETTINGS = {
  ...{ staleAfterSeconds: 240, heartbeatIntervalSeconds: 1, acquisitionIntervalSeconds: 2 },
  noProgressSeconds: 10,
};
/** One that is paused does not answer for so long. */
const REPLICA_TIMEOUT_MS = 8_000;
/**
 * Milliseconds for one renewal of the replica's row, two hanging renewals of 10 s each, their pauses, and a loaded
 * machine.
 */
const UNTIL_KNOWN_MS = 45_000;
const LOOK_FOR_MS = 60_000;

interface Judged {
  readonly chatId: string;
  readonly injection: Injection;
  readonly expected: ReadonlySet<FindingCode>;
  readonly found: ReadonlySet<FindingCode>;
  readonly diagnosis: FleetDiagnosis;
}

interface VerdictFindings {
  readonly judged: readonly Judged[];
  /** Faults of whole replicas. */
  readonly log: readonly string[];
}

interface Chat {
  readonly id: string;
  readonly injection: Injection;
}

/** Each injection at least once, as far as the number of chats goes. */
export async function runVerdicts(scale: {
  databaseUrl: string;
  chats: number;
  seed: number;
}): Promise<VerdictFindings> {
  const { databaseUrl } = scale;
  const random = randomFrom(scale.seed);
  const [first = INJECTIONS[0], ...others] = INJECTIONS;
  if (!first) throw new Error('There is nothing to inject');
  const more = Array.from({ length: Math.max(0, scale.chats - INJECTIONS.length) }, () =>
    random.pick([first, ...others]),
  );
  const plan = random.shuffle([...INJECTIONS, ...more]);
  const pool = new pg.Pool({ connectionString: databaseUrl, max: 10 });
  const fleet = await startFleet({
    databaseUrl,
    settings: SETTINGS,
    replicaTimeoutMs: REPLICA_TIMEOUT_MS,
    proxied: true,
  });
  const log: string[] = [];
  const holder = await pool.connect();
  try {
    await holder.query('BEGIN');
    const store = new ChatStore(pool);
    const build = (place: Place, room: number) => fill(fleet, pool, store, plan, place, room);
    const silent = await build('silent', 0);
    const cutOff = await build('cutOff', 0);
    const released = plan.filter(({ kind }) => kind === 'released').length;
    const well = await build('well', released);
    const tools: Tools = {
      ...{ pool, store, wellId: well.replica.id, stoppedId: await insertStopped(pool) },
      hold: async (chatId) => {
        await holder.query('SELECT FROM chats WHERE id = $1 FOR UPDATE', [chatId]);
      },
    };

    const signal = random.pick(['SIGKILL', 'SIGSTOP'] as const);
    silent.replica.kill(signal);
    const frozen = random.below(2) === 0;
    await whileStill(fleet, pool, cutOff.chats, async () => {
      if (frozen) cutOff.replica.proxy?.freeze();
      else await cutOff.replica.proxy?.close();
    });
    log.push(`${silent.replica.id}: ${signal}`, `${cutOff.replica.id}: connections ${frozen ? 'frozen' : 'cut'}`);
    const beganMs = systemClock.monotonicMs();

    const touched = random.shuffle([...silent.chats, ...cutOff.chats, ...well.chats]);
    const inject = async (when: Injection['when']) => {
      for (const { id, injection } of touched) if (injection.when === when) await injection.does?.(tools, id);
    };
    await inject('early');
    const erred = touched.filter(({ injection }) => injection.when === 'early');
    await settled(pool, erred, `status = 'error' AND worker_id IS NULL`);
    await inject(undefined);
    const takenOver = touched.filter(({ injection }) => injection.kind === 'released');
    await settled(pool, takenOver, `worker_id = '${well.replica.id}' AND generation_attempt > 0`);
    const surplus = await create(
      store,
      plan.filter(({ place }) => place === 'nobody'),
    );
    await inject('late');
    await systemClock.sleep(UNTIL_KNOWN_MS - (systemClock.monotonicMs() - beganMs));
    return { log, judged: await judge(fleet, [...touched, ...surplus]) };
  } finally {
    await holder.query('ROLLBACK').finally(() => holder.release());
    await fleet.stop();
    await pool.end();
  }
}

/** Starts a replica that has room for just the chats of its place, creates them, and waits until it has them. */
async function fill(
  fleet: Fleet,
  pool: pg.Pool,
  store: ChatStore,
  plan: readonly Injection[],
  place: Place,
  room: number,
): Promise<{ replica: FleetReplica; chats: Chat[] }> {
  const mine = (rests: boolean) =>
    plan.filter((injection) => injection.place === place && (injection.settles === 'waiting') === rests);
  const replica = await fleet.startReplica({ MAX_RUNNERS: `${mine(false).length + room}`, RETRY_MAX_ATTEMPTS: '0' });
  // Chats that come to rest come first: once the others are there, nothing has room.
  const resting = await create(store, mine(true));
  await settled(pool, resting, `status = 'waiting' AND worker_id IS NULL`);
  const chats = await create(store, mine(false));
  const ofStatus = (status: string) => chats.filter(({ injection }) => injection.settles === status);
  const owned = `worker_id = '${replica.id}'`;
  await settled(pool, ofStatus('running'), `status = 'running' AND ${owned} AND generation_attempt > 0`);
  await settled(pool, ofStatus('requires_action'), `status = 'requires_action' AND ${owned}`);
  return { replica, chats: [...resting, ...chats] };
}

/** Does it while the failing ones of these chats wait for their next attempt, and their runners know of all that came before. */
const whileStill = (fleet: Fleet, pool: pg.Pool, chats: readonly Chat[], work: () => Promise<void>): Promise<void> => {
  const failing = chats.filter(({ injection }) => injection.text === '/fail').map(({ id }) => id);
  return whileHeld(pool, failing, async () => {
    const known = ({ consistency }: FleetDiagnosis) => consistency === 'EXACT';
    await untilRight(async () => {
      const diagnoses = await fleet.diagnose(failing);
      return diagnoses.every(known) ? undefined : 'The runners do not hear of their rows';
    }, LOOK_FOR_MS);
    await work();
  });
};

const create = (store: ChatStore, injections: readonly Injection[]): Promise<Chat[]> =>
  Promise.all(
    injections.map(async (injection) => {
      const { id } = await store.create({ ownerId: randomUUID(), text: injection.text });
      return { id, injection };
    }),
  );

async function insertStopped(pool: pg.Pool): Promise<string> {
  const id = randomUUID();
  await pool.query(
    `INSERT INTO replicas (id, hostname, relay_address, version, stopped_at)
     VALUES ($1, 'long gone', 'http://127.0.0.1:9', '0.1.0', now())`,
    [id],
  );
  return id;
}

async function judge(fleet: Fleet, chats: readonly Chat[]): Promise<Judged[]> {
  const look = async (some: readonly Chat[]) => {
    const diagnoses = await fleet.diagnose(
      some.map(({ id }) => id),
      { everywhere: true },
    );
    return some.map(({ id, injection }, place): Judged => {
      const diagnosis = diagnoses[place] ?? { verdict: '', summary: '', consistency: '', findings: [] };
      const found = new Set(diagnosis.findings.map(({ code }) => code));
      return { chatId: id, injection, diagnosis, found, expected: new Set(injection.expects) };
    });
  };
  const judged = await look(chats);
  const missed = judged.filter((one) => one.injection.flickers && !isRight(one));
  const again = new Map(
    (await look(missed.map(({ chatId: id, injection }) => ({ id, injection })))).map((one) => [one.chatId, one]),
  );
  return judged.map((one) => again.get(one.chatId) ?? one);
}

/** Nothing is missing, and nothing is there that should not be. */
export const isRight = ({ expected, found }: Judged): boolean =>
  expected.size === found.size && [...expected].every((code) => found.has(code));

interface CodeFigures {
  readonly code: FindingCode;
  readonly injected: number;
  readonly found: number;
  readonly both: number;
}

/** Figures by code: in how many chats a finding should be, is, and rightly is. */
export function figuresOf(judged: readonly Judged[]): CodeFigures[] {
  const codes = new Set(judged.flatMap(({ expected, found }) => [...expected, ...found]));
  return [...codes].sort().map((code) => ({
    code,
    injected: judged.filter(({ expected }) => expected.has(code)).length,
    found: judged.filter(({ found }) => found.has(code)).length,
    both: judged.filter(({ expected, found }) => expected.has(code) && found.has(code)).length,
  }));
}
