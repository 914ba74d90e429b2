/** Value of one answer of the gateway. */
import * as z from 'zod';
import { type Chat, DATABASE_HALF, type Fleet } from './fleet.ts';

export const QUERY = `query ($ids: [UUID!]!) {
  chatDebugSnapshots(chatIds: $ids) {
    chatId
    database { status workerId queueDepth messageStats { total deleted } }
    runtime { workerId localWorkerId reachability { status reason address } runners { runnerId } }
  }
}`;
/** The first field under `runtime` that is null when a half is lost. */
const LOST_FIELD = 'localWorkerId';

const snapshot = z.object({
  chatId: z.string(),
  database: z.unknown(),
  runtime: z.object({
    workerId: z.string(),
    localWorkerId: z.string().nullable(),
    reachability: z.object({ status: z.string(), reason: z.string().nullable(), address: z.string().nullable() }),
    runners: z.unknown(),
  }),
});
const answer = z.object({
  data: z.object({ chatDebugSnapshots: z.array(snapshot) }),
  errors: z
    .array(
      z.object({
        message: z.string(),
        path: z.array(z.union([z.string(), z.number()])),
        extensions: z.object({ workerId: z.string(), chatIds: z.array(z.string()) }),
      }),
    )
    .default([]),
  extensions: z.object({ routing: z.array(z.object({ replicaId: z.string(), breaker: z.string() })) }),
});

interface Half {
  /** The place of the replica that should have answered. */
  readonly owner: number;
  readonly status: string;
  /** It is what that replica holds in memory. */
  readonly isWhole: boolean;
}

export interface Judged {
  readonly isDatabaseWhole: boolean;
  readonly halves: readonly Half[];
  /** Errors that do not belong where they say, in words. */
  readonly wrongErrors: readonly string[];
  /** The replicas, by place, that the others are about. */
  readonly errorsOf: readonly number[];
  readonly leaks: readonly string[];
  /** Breakers by the replica's place. */
  readonly breakers: ReadonlyMap<number, string>;
}

export interface Received {
  readonly status: number;
  readonly text: string;
}

/** @param chats as they were asked for */
export function judge(fleet: Fleet, chats: readonly Chat[], isOperator: boolean, { status, text }: Received): Judged {
  const nothing = { halves: [], wrongErrors: [], errorsOf: [], breakers: new Map() };
  const read = status === 200 ? answer.safeParse(parseJson(text)) : undefined;
  if (!read?.success) return { ...nothing, isDatabaseWhole: false, leaks: leaksIn(fleet, isOperator ? '' : text) };
  const { data, errors, extensions } = read.data;
  const snapshots = data.chatDebugSnapshots;
  const idOf = (owner: number) => fleet.replicas[owner]?.id ?? '';
  const isDatabaseWhole =
    snapshots.length === chats.length &&
    chats.every(({ id, owner }, i) => {
      const { status, queueDepth, messageStats } = DATABASE_HALF;
      const whole = { status, workerId: idOf(owner), queueDepth, messageStats };
      return snapshots[i]?.chatId === id && JSON.stringify(snapshots[i]?.database) === JSON.stringify(whole);
    });
  const halves = chats.map(({ id, owner }, i): Half => {
    const runtime = snapshots[i]?.runtime;
    const whole = JSON.stringify([idOf(owner), idOf(owner), [{ runnerId: id }]]);
    const isOk = runtime?.reachability.status === 'OK';
    const held = JSON.stringify([runtime?.workerId, runtime?.localWorkerId, runtime?.runners]);
    return { owner, status: runtime?.reachability.status ?? 'none', isWhole: isOk && held === whole };
  });
  const lost = new Set(halves.flatMap(({ status }, i) => (status === 'OK' ? [] : [i])));
  const wrongErrors: string[] = [];
  const errorsOf: number[] = [];
  for (const error of errors) {
    const [root, i, half, field] = error.path;
    const chat = typeof i === 'number' ? chats[i] : undefined;
    const { workerId, chatIds } = error.extensions;
    const isRight =
      chat &&
      [root, half, field].join() === `chatDebugSnapshots,runtime,${LOST_FIELD}` &&
      lost.delete(Number(i)) &&
      [workerId, ...chatIds].join() === [idOf(chat.owner), chat.id].join();
    if (isRight) errorsOf.push(chat.owner);
    else wrongErrors.push(JSON.stringify(error));
  }
  for (const i of lost) wrongErrors.push(`no error for the lost half ${i}`);
  const said = [
    ...errors.map(({ message }) => message),
    ...snapshots.map((one) => one.runtime.reachability.reason ?? ''),
  ];
  const breakers = new Map(
    extensions.routing.map(({ replicaId, breaker }) => [
      fleet.replicas.findIndex(({ id }) => id === replicaId),
      breaker,
    ]),
  );
  return {
    isDatabaseWhole,
    halves,
    wrongErrors,
    errorsOf,
    leaks: leaksIn(fleet, isOperator ? said.join('\n') : text),
    breakers,
  };
}

const leaksIn = ({ secrets }: Fleet, text: string) => secrets.filter((secret) => text.includes(secret));

function parseJson(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}
