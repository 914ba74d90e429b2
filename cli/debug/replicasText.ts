/** Replicas and their database, as text for a terminal. */
import { counted, secondsText } from '../../domain/diagnosis/wording.ts';
import { blocks, columns, lines, type Page, paragraph, slotsText } from './layout.ts';
import type { ShownDatabase, ShownReplica } from './replicasShape.ts';

const LOOPS = ['acquisition', 'heartbeats', 'databaseSync'] as const;

/** Troubles of one replica, a sentence each. */
export function troubles({ isAlive, stoppedAt, error, ownedChats, runtime, load }: ShownReplica): string[] {
  const owned = `${counted(ownedChats, 'chat')} still ${ownedChats === 1 ? 'names' : 'name'} it as the owner`;
  const failing = LOOPS.flatMap((name) => {
    const failures = runtime?.[name]?.consecutiveFailures ?? 0;
    if (failures === 0) return [];
    const why = runtime?.[name]?.lastError ?? 'not known why';
    return [`${name} has failed ${counted(failures, 'time')} in a row: ${why}`];
  });
  const status = runtime?.reachability.status;
  const isAway = isAlive && status !== 'OK' && status !== 'NOT_ASKED';
  const fillers = load?.runnersByOwner?.map((one) => `${one.runnerCount} for user ${one.ownerId}`) ?? [];
  const found: (string | false | null | undefined)[] = [
    stoppedAt !== null && `it has stopped, and ${owned}`,
    !isAlive && stoppedAt === null && ownedChats > 0 && `it has not been heard of, and ${owned}`,
    isAway && `it could not be asked: ${runtime?.reachability.reason ?? status ?? 'not known why'}`,
    error && `it says: ${error}`,
    runtime?.isFull && 'it is full, and takes no more chats',
    runtime?.isFull && fillers.length > 0 && `most of its runners: ${fillers.join(', ')}`,
    ...failing,
  ];
  return found.filter((one) => typeof one === 'string' && one !== '').map(String);
}

/** Troubles that keep every worker from its chats, a sentence each. */
export function databaseTroubles({ canWrite, isInRecovery, missing }: ShownDatabase): string[] {
  return [
    ...(canWrite || isInRecovery ? [] : ['It takes no writes, so no worker can do anything.']),
    ...(missing.length > 0 ? [`It lacks ${missing.join(', ')}: bring its schema up to date.`] : []),
  ];
}

const WIDTHS = [36, 5, 15, 6];

/** @param mayBeUnlisted true if the platform may keep no list of its replicas */
export function replicasText(page: Page, replicas: readonly ShownReplica[], mayBeUnlisted: boolean): string {
  if (replicas.length === 0) {
    const unlisted = 'No replica is listed: a Coder deployment that was built from source keeps no list of them.';
    return paragraph(page, mayBeUnlisted ? unlisted : 'No replica has ever started.');
  }
  const isUnasked = replicas.some(({ runtime }) => runtime?.reachability.status === 'NOT_ASKED');
  const { bold } = page.paint;
  const alive = replicas.filter(({ isAlive }) => isAlive).length;
  return blocks(
    lines(
      bold(columns(page, WIDTHS, [['replica', 'alive', 'asked', 'chats', 'runners']])),
      ...replicas.map((one) => replicaText(page, one)),
    ),
    paragraph(
      page,
      `${alive} of ${counted(replicas.length, 'replica')} alive.${isUnasked ? ' None is asked here for what it holds in memory.' : ''}`,
    ),
  );
}

function replicaText(page: Page, replica: ShownReplica): string {
  const { id, isAlive, ownedChats, runtime, hostname, version, load } = replica;
  const { red } = page.paint;
  const runners = runtime?.runnerCount == null ? '–' : `${runtime.runnerCount}/${runtime.capacity ?? '?'}`;
  const asked = runtime?.reachability.status ?? '–';
  const delay = runtime?.eventLoopDelayMs == null ? '' : `, event loop delay ${Math.ceil(runtime.eventLoopDelayMs)} ms`;
  const isOlder = asked === 'OK' && load?.isDraining == null;
  return lines(
    columns(page, WIDTHS, [[id, isAlive ? 'yes' : red('no'), asked, String(ownedChats), runners]]),
    paragraph(page, `${hostname}, version ${version}${delay}`, 2),
    load?.isDraining
      ? paragraph(page, 'it is stopping or told to drain: it takes nothing new and hands its chats over', 2)
      : '',
    isOlder ? paragraph(page, 'its version does not say whose chats fill it: bring it up to date', 2) : '',
    ...troubles(replica).map((trouble) => red(paragraph(page, trouble, 2))),
  );
}

const standbyText = ({ replayLagSeconds: lag }: ShownDatabase): string =>
  lag ? `a standby, which may be ${secondsText(lag)} behind` : 'a standby';

/** @param database null: its health could not be asked */
export function databaseText(page: Page, database: ShownDatabase | null): string {
  if (!database) return paragraph(page, 'Database: not known how it is.');
  const { connections, maxConnections, oldestTransactionSeconds: oldest, lockWaits } = database;
  const facts = [
    `Postgres ${database.serverVersion}`,
    `platform ${database.platform}`,
    database.isInRecovery ? standbyText(database) : database.canWrite ? 'takes writes' : 'takes no writes',
    `${connections ?? '?'} of ${counted(maxConnections, 'connection')}`,
    oldest !== null && `oldest transaction ${secondsText(oldest)}`,
    lockWaits !== null && `${counted(lockWaits, 'session')} waiting for a lock`,
  ];
  return lines(
    paragraph(page, `Database: ${facts.filter(Boolean).join(', ')}.`),
    database.pools?.length ? paragraph(page, `Slots: ${database.pools.map(slotsText).join(', ')}.`) : '',
    ...databaseTroubles(database).map((trouble) => page.paint.red(paragraph(page, trouble, 2))),
  );
}
