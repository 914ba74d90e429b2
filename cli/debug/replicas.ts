/** `chat-debug replicas`: who works on the chats, and how each of them is. */
import { z } from 'zod';
import type { Ask } from './ask.ts';
import { blocks, columns, counted, lines, type Page, paragraph } from './layout.ts';
import { type Shown, withoutAnswer, worstOf } from './shown.ts';

const loop = z.object({ lastError: z.string().nullable(), consecutiveFailures: z.number() }).nullable();
const replica = z.object({
  ...{ id: z.string(), hostname: z.string(), version: z.string(), stoppedAt: z.string().nullable() },
  ...{ isAlive: z.boolean(), error: z.string().nullable(), ownedChats: z.number() },
  runtime: z
    .object({
      reachability: z.object({ status: z.string(), elapsedMs: z.number(), reason: z.string().nullable() }),
      runnerCount: z.number().nullable(),
      capacity: z.number().nullable(),
      isFull: z.boolean().nullable(),
      eventLoopDelayMs: z.number().nullable(),
      acquisition: loop,
      heartbeats: loop,
      databaseSync: loop,
    })
    .nullable(),
});
type Replica = z.output<typeof replica>;
const answer = z.object({ replicas: z.array(replica).nullable() });

/**
 * Those that have not stopped in order, and those that have and still own chats.
 * @throws NoAnswer, also without the role
 */
export async function askReplicas(ask: Ask): Promise<Shown> {
  const { data, raw, problems } = await ask('replicas', {}, answer);
  const all = data.replicas ?? withoutAnswer({ problems }, 'The gateway lists no replicas.');
  const told = all.filter(({ stoppedAt, ownedChats }) => stoppedAt === null || ownedChats > 0);
  const code = told.some(({ isAlive }) => isAlive) ? worstOf(told.map((one) => (troubles(one).length > 0 ? 1 : 0))) : 1;
  return { json: raw, problems, code, text: (page) => replicasText(page, told) };
}

const LOOPS = ['acquisition', 'heartbeats', 'databaseSync'] as const;

/** What is wrong with it, a sentence each. */
function troubles({ isAlive, stoppedAt, error, ownedChats, runtime }: Replica): string[] {
  const owned = counted(ownedChats, 'chat');
  const failing = LOOPS.flatMap((name) => {
    const health = runtime?.[name];
    if (!health || health.consecutiveFailures === 0) return [];
    return [
      `${name} has failed ${counted(health.consecutiveFailures, 'time')} in a row: ${health.lastError ?? 'not known why'}`,
    ];
  });
  const status = runtime?.reachability.status;
  const found: (string | false | null | undefined)[] = [
    stoppedAt !== null && `it has stopped, and ${owned} still name it as the owner`,
    !isAlive &&
      stoppedAt === null &&
      ownedChats > 0 &&
      `it has not been heard of, and ${owned} still name it as the owner`,
    isAlive && status !== 'OK' && `it could not be asked: ${runtime?.reachability.reason ?? status}`,
    error && `it says: ${error}`,
    runtime?.isFull && 'it is full, and takes no more chats',
    ...failing,
  ];
  return found.filter((one) => typeof one === 'string' && one !== '').map(String);
}

const WIDTHS = [36, 5, 15, 6];

function replicasText(page: Page, replicas: readonly Replica[]): string {
  if (replicas.length === 0) return paragraph(page, 'No replica has ever started.');
  const { bold, red } = page.paint;
  const alive = replicas.filter(({ isAlive }) => isAlive).length;
  return blocks(
    lines(
      bold(columns(page, WIDTHS, [['replica', 'alive', 'asked', 'chats', 'runners']])),
      ...replicas.map((one) => {
        const { id, isAlive, ownedChats, runtime, hostname, version } = one;
        const runners = runtime?.runnerCount == null ? '–' : `${runtime.runnerCount}/${runtime.capacity}`;
        const asked = runtime?.reachability.status ?? '–';
        const delay =
          runtime?.eventLoopDelayMs == null ? '' : `, event loop delay ${Math.ceil(runtime.eventLoopDelayMs)} ms`;
        return lines(
          columns(page, WIDTHS, [[id, isAlive ? 'yes' : red('no'), asked, String(ownedChats), runners]]),
          paragraph(page, `${hostname}, version ${version}${delay}`, 2),
          ...troubles(one).map((trouble) => paragraph(page, red(trouble), 2)),
        );
      }),
    ),
    paragraph(page, `${alive} of ${counted(replicas.length, 'replica')} alive.`),
  );
}
