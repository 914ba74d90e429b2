/** How a replica is, in a word, and in the order in which a person wants them. Pure. */
import { nameOr, shortName } from './legible.ts';
import type { ReplicaSeen } from './operations.ts';
import { manyOf } from './time.ts';

type Condition = 'silent' | 'lost' | 'draining' | 'full' | 'failing' | 'alive' | 'stopped';

/** Milliseconds of delay from which an event loop is late: it renews leases late, too. */
export const LATE_MS = 1_000;

/** Name of a replica for a person. */
export const nameOf = ({ hostname }: ReplicaSeen): string => shortName(nameOr(hostname, 'A replica without a name'));

/** `silent`: its row is renewed, and it does not answer. `lost`: it did not stop, and its row is old. */
export function conditionOf({ isAlive, stoppedAt, error, runtime }: ReplicaSeen): Condition {
  if (stoppedAt) return 'stopped';
  if (!isAlive) return 'lost';
  if (runtime?.reachability.status !== 'OK') return 'silent';
  const loops = [runtime.acquisition, runtime.heartbeats, runtime.databaseSync];
  if (error || loops.some((loop) => loop?.consecutiveFailures)) return 'failing';
  if (runtime.isDraining) return 'draining';
  return runtime.isFull ? 'full' : 'alive';
}

/** What its loops say of themselves, as sentences. */
export function failuresOf({ stoppedAt, runtime }: ReplicaSeen): string[] {
  if (stoppedAt || !runtime) return [];
  const { acquisition, heartbeats, databaseSync } = runtime;
  const named = [['looking for chats', acquisition] as const, ['renewing leases', heartbeats] as const];
  return [...named, ['reading rows', databaseSync] as const].flatMap(([what, loop]) =>
    loop?.consecutiveFailures
      ? [`${what} failed ${manyOf(loop.consecutiveFailures, 'time')}: ${loop.lastError ?? 'it does not say why'}`]
      : [],
  );
}

const ORDER: readonly Condition[] = ['lost', 'silent', 'failing', 'draining', 'full', 'alive', 'stopped'];

/** Those in trouble first, then by name; so none moves when one only becomes older. */
export const sorted = (replicas: readonly ReplicaSeen[]): ReplicaSeen[] =>
  [...replicas].sort(
    (a, b) =>
      ORDER.indexOf(conditionOf(a)) - ORDER.indexOf(conditionOf(b)) ||
      a.hostname.localeCompare(b.hostname) ||
      a.id.localeCompare(b.id),
  );

export const CONDITIONS: Readonly<Record<Condition, string>> = {
  silent: 'does not answer',
  lost: 'lost: its row is old',
  draining: 'drains',
  full: 'full',
  failing: 'fails',
  alive: 'alive',
  stopped: 'stopped',
};

export const isTrouble = (condition: Condition): boolean => ['silent', 'lost', 'failing'].includes(condition);

export const megabytes = (bytes: number | null | undefined): string =>
  bytes === null || bytes === undefined ? '–' : `${Math.round(bytes / 1e6)} MB`;
