/**
 * A bundle in the shape of a live answer, so that the same parts show both. Pure.
 * What a bundle does not hold is null. Lists are cut, so that no file makes a page that cannot be drawn.
 */
import { cut as shortText } from '../../domain/cut.ts';
import { EXECUTION_STATES } from '../../domain/executionState.ts';
import type { Bundle, judge } from './bundles.ts';
import type { ChatEverywhereAnswer, Judgement, Memory, WholeChat } from './operations.ts';
import type { Past } from './timeline.ts';

/** Most elements of a list that are shown. */
const MOST = 100;
/** Most characters of a text that are shown. */
const LONGEST = 2_000;

interface Photo {
  readonly chat: WholeChat;
  readonly past: Past | undefined;
  readonly everywhere: ChatEverywhereAnswer | undefined;
  /** Time at which it was taken, in milliseconds since 1970. Undefined: the file does not say. */
  readonly atMs: number | undefined;
}

/** Diagnosis by the rules that were run on the bundle. */
type Judged = ReturnType<typeof judge>;

export function photoOf(whole: Bundle, owner: Judged, all: Judged | undefined): Photo {
  const [diagnosis, everywhere] = [cut(owner), cut(all)] as [Judgement, Judgement | undefined];
  const bundle = cut(whole) as Bundle;
  const { snapshot, replicas, events } = bundle;
  const taken = Date.parse(snapshot.takenAt ?? bundle.takenAt ?? '');
  const name = `Chat ${snapshot.chatId.slice(0, 8)}`;
  return {
    atMs: Number.isNaN(taken) ? undefined : taken,
    chat: {
      chatId: snapshot.chatId,
      executionState: EXECUTION_STATES.find((state) => state === snapshot.executionState) ?? 'INVALID',
      database: databaseOf(snapshot.database, name),
      runtime: snapshot.runtime && memoryOf(snapshot.runtime),
      recentOwners: (snapshot.recentOwners ?? null) as WholeChat['recentOwners'],
      diagnosis,
    },
    past: events
      ? ({
          takenAt: snapshot.takenAt ?? '',
          history: {
            edges: events
              .filter(({ at }) => at !== null)
              .map((event, i) => ({
                node: {
                  ...event,
                  id: event.id ?? String(i),
                  transitions: event.transitions ?? [],
                  by: event.by ?? 'UNKNOWN',
                },
              })),
            pageInfo: { hasNextPage: false },
          },
          ownership: (snapshot.recentOwners ?? []).filter(({ from }) => from !== null),
          incidents: null,
          actionRecords: null,
        } as unknown as Past)
      : undefined,
    everywhere: snapshot.everywhere
      ? ({
          chatDebugSnapshot: { everywhere: snapshot.everywhere.map(memoryOf), diagnosisEverywhere: everywhere ?? null },
          replicas: (replicas ?? []).map(({ id, hostname, isAlive }) => ({ id, hostname: hostname ?? '', isAlive })),
        } as unknown as ChatEverywhereAnswer)
      : undefined,
  };
}

type Snapshot = Bundle['snapshot'];

/** Row with the lists that its readers go through. A row that is not there is one of which nothing is known. */
function databaseOf(database: Snapshot['database'], title: string): WholeChat['database'] {
  const row = (database ?? {}) as Record<string, unknown>;
  const { heartbeats, messageStats, turn, lastMessage, ...rest } = row;
  const stats = messageStats as { byRole?: unknown } | null | undefined;
  return {
    ...NO_ROW,
    ...rest,
    title,
    status: rest.status ?? 'not known',
    ownerId: rest.ownerId ?? '',
    queueDepth: rest.queueDepth ?? 0,
    heartbeats: heartbeats ?? [],
    messageStats: stats ? { ...stats, byRole: stats.byRole ?? [] } : null,
    turn: turn ?? null,
    lastMessage: lastMessage ?? null,
  } as unknown as WholeChat['database'];
}

const NO_ROW = Object.fromEntries(
  (
    'archived parentChatId rootChatId workerId runnerId snapshotVersion historyVersion queueVersion generationAttempt ' +
    'retryStateVersion lastError retryState retrySecondsLeft requiresActionDeadlineAt requiresActionSecondsLeft createdAt ' +
    'updatedAt updatedAgeSeconds oldestQueuedAgeSeconds heartbeatState heartbeat openCalls lostChildren trouble'
  )
    .split(' ')
    .map((field) => [field, null]),
);

/** Memory with the lists that its readers go through. */
const memoryOf = ({ runners, reachability, ...rest }: NonNullable<Snapshot['runtime']>): Memory =>
  ({
    ...rest,
    workerId: rest.workerId ?? '',
    reachability: reachability ?? { status: 'UNKNOWN', elapsedMs: 0, address: null, reason: null },
    runners:
      runners?.map((runner) => ({ ...runner, runnerId: runner.runnerId ?? '', tasks: runner.tasks ?? [] })) ?? null,
  }) as unknown as Memory;

/** Seconds and dates beyond which a browser's calendar ends. */
const LONGEST_SECONDS = 1e11;
const DATE = /^\d{4,6}-\d\d-\d\dT/;

/** The same value with its lists and texts cut, and without what is no time. */
function cut(value: unknown, name = ''): unknown {
  if (typeof value === 'number') return /seconds/i.test(name) && Math.abs(value) > LONGEST_SECONDS ? null : value;
  if (typeof value === 'string') {
    if (DATE.test(value) && Number.isNaN(Date.parse(value))) return null;
    return shortText(value, LONGEST);
  }
  if (Array.isArray(value)) return value.slice(0, MOST).map((one) => cut(one, name));
  if (typeof value !== 'object' || value === null) return value;
  return Object.fromEntries(Object.entries(value).map(([key, one]) => [key, cut(one, key)]));
}
