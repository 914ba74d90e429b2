/** Traits of a bundle, in words: each is a name with a short text that can be compared. Pure. */
import { counted, listed, secondsText } from '../diagnosis/wording.ts';
import type { Bundle } from './format.ts';
import { judge, snapshotOf } from './judge.ts';

type Database = NonNullable<Bundle['snapshot']['database']>;

const NOT_KNOWN = 'not known';
const NONE = 'none';
const orNot = (value: string | number | boolean | null | undefined, none = NOT_KNOWN): string =>
  value === null || value === undefined ? none : String(value);

const eitherOr = (value: boolean | null | undefined, yes: string, no: string): string =>
  typeof value === 'boolean' ? (value ? yes : no) : NOT_KNOWN;

/** Traits in the order in which a person on call wants them. Null: the bundle has no such thing. */
export function traitsOf(bundle: Bundle): Readonly<Record<string, string | null>> {
  const { database, runtime, executionState } = bundle.snapshot;
  const runner = runtime?.runners?.find(({ runnerId }) => runnerId !== null && runnerId === database?.runnerId);
  return {
    verdict: judge(bundle, 'owner').verdict,
    state: orNot(executionState),
    ...(database ? rowTraits(database) : { row: 'could not be read' }),
    asked: runtime ? orNot(runtime.reachability?.status) : null,
    phase: runtime?.runners ? orNot(runner?.phase, 'no such runner') : null,
    task: runtime?.runners ? taskText(runner?.activeTask) : null,
    progress: agoText(runner?.activeTask?.secondsSinceProgress),
    handled: runner ? `version ${orNot(runner.snapshotVersion, 'none')}` : null,
    runners: runtime?.runners ? counted(runtime.runners.length, 'runner') : null,
    buffered: bufferText(runtime?.messageBuffers),
    'event loop': delayText(runtime?.eventLoopDelayMs),
    elsewhere: elsewhereText(bundle),
    replicas: replicasText(bundle.replicas),
    database: serverText(bundle.server),
    rules: bundle.versions?.rules ?? null,
  };
}

function rowTraits(row: Database) {
  const { heartbeat, heartbeatState, turn, messageStats } = row;
  return {
    status: `${orNot(row.status)}${row.archived ? ', archived' : ''}`,
    owner: row.workerId ? `replica ${row.workerId}` : NONE,
    runner: row.runnerId ?? NONE,
    lease: heartbeatState?.toLowerCase() ?? (row.runnerId ? NOT_KNOWN : NONE),
    'lease age': agoText(heartbeat?.ageSeconds),
    version: orNot(row.snapshotVersion),
    history: `version ${orNot(row.historyVersion)}`,
    queue: `version ${orNot(row.queueVersion)}`,
    calls: orNot(row.generationAttempt),
    queued: orNot(row.queueDepth),
    messages: messageStats ? orNot(messageStats.total) : null,
    steps: turn ? orNot(turn.steps) : null,
    'open calls': row.openCalls ? namesText(row.openCalls.map(({ toolName }) => toolName ?? 'a tool')) : null,
    'last error': failureText(row.lastError),
    retry: row.retryState ? `attempt ${orNot(row.retryState.attempt)}, ${orNot(row.retryState.kind)}` : NONE,
    'next call': dueText(row.retrySecondsLeft),
    deadline: dueText(row.requiresActionSecondsLeft),
    'row locked': eitherOr(row.trouble?.rowLocked, 'yes', 'no'),
    'row changed': agoText(row.updatedAgeSeconds),
  };
}

const agoText = (seconds: number | null | undefined) =>
  seconds === null || seconds === undefined
    ? null
    : seconds < 0
      ? `${secondsText(-seconds)} ahead`
      : `${secondsText(seconds)} ago`;
const dueText = (left: number | null | undefined) =>
  left === null || left === undefined ? null : left > 0 ? `in ${secondsText(left)}` : `${secondsText(-left)} ago`;
const delayText = (ms: number | null | undefined) =>
  ms === null || ms === undefined ? null : `delayed by up to ${Math.ceil(ms)} ms`;

const namesText = (names: readonly string[]) => (names.length === 0 ? NONE : listed(names));

function taskText(task: { kind: string | null; label: string | null; attempt: number | null } | null | undefined) {
  if (!task) return NONE;
  return [orNot(task.kind).toLowerCase(), task.label, task.attempt !== null && `call ${task.attempt}`]
    .filter(Boolean)
    .join(', ');
}

function failureText(error: Database['lastError']) {
  if (!error) return NONE;
  const status = error.status_code === null ? '' : `, status ${error.status_code}`;
  return `${orNot(error.kind)}${status}${error.retryable === false ? ', not to be tried again' : ''}`;
}

function bufferText(buffers: NonNullable<Bundle['snapshot']['runtime']>['messageBuffers'] | undefined) {
  if (!buffers) return null;
  const parts = buffers.reduce((sum, { partsBuffered }) => sum + (partsBuffered ?? 0), 0);
  return `${counted(parts, 'part')} in ${counted(buffers.length, 'buffer')}`;
}

/** Replicas other than the owner with a runner of this chat. */
function elsewhereText(bundle: Bundle) {
  const { everywhere, database } = snapshotOf(bundle, 'everywhere');
  if (!everywhere) return null;
  const holders = everywhere.filter(({ workerId, runners }) => workerId !== database?.workerId && runners?.length);
  return namesText(holders.map(({ workerId }) => workerId ?? NOT_KNOWN));
}

function replicasText(replicas: Bundle['replicas']) {
  if (!replicas) return null;
  return `${replicas.filter(({ isAlive }) => isAlive).length} alive of ${replicas.length}`;
}

function serverText(server: Bundle['server']) {
  if (!server) return null;
  return eitherOr(server.canWrite, 'takes writes', 'takes no writes');
}
