/**
 * What can be found about a chat, one row a rule. The order is that of causes: of all that is found to be CRITICAL, the
 * first stays so, and the others are its consequences, or can wait until it is mended.
 */

import * as is from './conditions.ts';
import type { Severity } from './diagnosis.ts';
import { atWork, type Situation } from './situation.ts';
import { secondsText } from './wording.ts';

export interface Rule<Code extends string = string> {
  readonly code: Code;
  readonly severity: Severity | ((s: Situation) => Severity);
  readonly when: (s: Situation) => boolean;
  /** What it is, as a clause. */
  readonly says: (s: Situation) => string;
  /** Paths in the snapshot. */
  readonly evidence: (s: Situation) => readonly string[];
  /** Whose move it is: as the subject of a sentence. */
  readonly who: string;
  /** What they should do: one step, as the predicate of that sentence. */
  readonly act: (s: Situation) => string;
  /** The command for it. Null: nothing needs to be done. */
  readonly command: (s: Situation) => string | null;
}

const OPERATOR = 'an operator';
const PERSON = 'the person';
const OUTSIDE = 'the tool outside';

const chat =
  (command: string, more = '') =>
  (s: Situation) =>
    `npm run chat -- ${command} ${s.chatId}${more && ` ${more}`}`;
const release = chat('release');
const lookAtReplicas = () => 'npm run chat-debug -- replicas';

const why = (s: Situation) => `npm run chat-debug -- why ${s.chatId}`;

const queued = ({ database }: Situation) =>
  database?.queueDepth === 1 ? 'a queued message waits' : `${database?.queueDepth ?? 'some'} queued messages wait`;
const owner = (s: Situation) => `replica ${s.workerId}`;
const takeFromOwner = (s: Situation) => `take it from ${owner(s)}, so that another goes on`;

const OWNERSHIP = ['database.workerId', 'database.runnerId'];
const ROW = ['executionState', ...OWNERSHIP, 'database.updatedAgeSeconds'];
const reach = (s: Situation) =>
  s.runtime ? [`${s.runtime.path}.reachability.status`, `${s.runtime.path}.reachability.reason`] : [];
const lease = (s: Situation) => [
  'database.heartbeatState',
  ...(s.database?.heartbeat ? ['database.heartbeat.ageSeconds', 'database.heartbeat.staleAfterSeconds'] : []),
];
const row = (s: Situation, ...fields: string[]) =>
  s.rowRunner ? fields.map((field) => `${s.rowRunner?.path}.${field}`) : [];
const runners = (list: Situation['runners']) => list.flatMap(({ path }) => [`${path}.runnerId`, `${path}.phase`]);

export const RULES = [
  {
    code: 'INVALID_STATE',
    severity: 'CRITICAL',
    when: is.invalid,
    says: () => 'its status, queue and archived marker make no state that the state machine knows',
    evidence: () => ['executionState', 'database.status', 'database.archived', 'database.queueDepth'],
    who: OPERATOR,
    act: () => 'repair it',
    command: chat('reconcile'),
  },
  {
    code: 'QUEUE_BLOCKED',
    severity: 'CRITICAL',
    when: is.queueBlocked,
    says: (s) => `${queued(s)} behind the error`,
    evidence: () => ['executionState', 'database.queueDepth', 'database.lastError'],
    who: PERSON,
    act: () => 'send a message, which clears the error, or delete what is queued',
    command: chat('send', '"Please go on"'),
  },
  {
    code: 'OWNER_UNKNOWN',
    severity: 'CRITICAL',
    when: is.ownerUnknown,
    says: (s) => `${owner(s)} owns it, and no such replica is known`,
    evidence: (s) => [...ROW, ...reach(s), ...lease(s)],
    who: OPERATOR,
    act: takeFromOwner,
    command: release,
  },
  {
    code: 'OWNER_STOPPED',
    severity: 'CRITICAL',
    when: is.ownerStopped,
    says: (s) => `${owner(s)} owns it, and has stopped`,
    evidence: (s) => [...ROW, ...reach(s), ...lease(s)],
    who: OPERATOR,
    act: takeFromOwner,
    command: release,
  },
  {
    code: 'OWNER_UNREACHABLE',
    severity: (s) => (is.leaseIsNotFresh(s) ? 'CRITICAL' : 'WARNING'),
    when: is.ownerUnreachable,
    says: (s) => `${owner(s)} owns it, and could not be asked (${s.owner})`,
    evidence: (s) => [...ROW, ...reach(s), ...lease(s)],
    who: OPERATOR,
    act: (s) =>
      is.leaseIsNotFresh(s) ? takeFromOwner(s) : 'ask again: once its lease has run out, another replica takes it',
    command: (s) => (is.leaseIsNotFresh(s) ? release(s) : why(s)),
  },
  {
    code: 'DUPLICATE_RUNNERS',
    severity: 'CRITICAL',
    when: is.duplicateRunners,
    says: (s) => `${s.runners.filter(atWork).length} runners of ${owner(s)} work on it at once`,
    evidence: (s) => [...OWNERSHIP, ...runners(s.runners.filter(atWork))],
    who: OPERATOR,
    act: takeFromOwner,
    command: release,
  },
  {
    code: 'RUNNER_ELSEWHERE',
    severity: 'CRITICAL',
    when: is.runnerElsewhere,
    says: (s) => `replica ${elsewhere(s)} works on it and does not own it`,
    evidence: (s) => [...OWNERSHIP, ...s.elsewhere.flatMap(({ path }) => workerOf(path)), ...runners(s.elsewhere)],
    who: OPERATOR,
    act: (s) => `stop replica ${elsewhere(s)}, or wait until its lease has run out`,
    command: lookAtReplicas,
  },
  {
    code: 'NO_OWNER',
    severity: (s) => (is.shouldHaveBeenPickedUp(s) ? 'CRITICAL' : 'INFO'),
    when: is.noOwner,
    says: (s) =>
      is.shouldHaveBeenPickedUp(s)
        ? `no worker has taken it for ${secondsText(s.database?.updatedAgeSeconds)}: none is running, or no worker has room`
        : 'it waits for a worker to take it',
    evidence: () => ROW,
    who: OPERATOR,
    act: (s) =>
      is.shouldHaveBeenPickedUp(s) ? 'see whether a replica is alive and has room, and start one if not' : 'wait',
    command: (s) => (is.shouldHaveBeenPickedUp(s) ? lookAtReplicas() : null),
  },
  {
    code: 'RUNNER_MISSING',
    severity: 'CRITICAL',
    when: is.runnerMissing,
    says: (s) => `${owner(s)} owns it and answers, but holds no runner for it`,
    evidence: (s) => [...ROW, ...reach(s), `${s.runtime?.path}.runners`, ...lease(s)],
    who: OPERATOR,
    act: takeFromOwner,
    command: release,
  },
  {
    code: 'RUNNER_MISMATCH',
    severity: 'CRITICAL',
    when: is.runnerMismatch,
    says: (s) => `${owner(s)} works on it with another runner than the one that the row names`,
    evidence: (s) => [...ROW, ...runners(s.runners)],
    who: OPERATOR,
    act: takeFromOwner,
    command: release,
  },
  {
    code: 'HEARTBEAT_MISSING',
    severity: (s) => (s.owner === 'OK' ? 'CRITICAL' : 'WARNING'),
    when: is.heartbeatMissing,
    says: (s) => `the runner of ${owner(s)} has no lease on it`,
    evidence: (s) => [...OWNERSHIP, ...lease(s), ...row(s, 'lease.ageSeconds', 'lease.consecutiveFailures')],
    who: OPERATOR,
    act: takeFromOwner,
    command: release,
  },
  {
    code: 'HEARTBEAT_STALE',
    severity: (s) => (s.owner === 'OK' ? 'CRITICAL' : 'WARNING'),
    when: is.heartbeatStale,
    says: (s) =>
      `the lease of ${owner(s)} was not renewed for ${secondsText(s.database?.heartbeat?.ageSeconds)}, and was good for ${secondsText(s.staleAfterSeconds)}`,
    evidence: (s) => [
      ...OWNERSHIP,
      ...lease(s),
      ...row(s, 'lease.ageSeconds', 'lease.staleAfterSeconds', 'lease.consecutiveFailures'),
    ],
    who: OPERATOR,
    act: takeFromOwner,
    command: release,
  },
  {
    code: 'RUNNER_BEHIND',
    severity: 'CRITICAL',
    when: is.runnerBehind,
    says: (s) =>
      `the runner of ${owner(s)} has not noticed a change of the row for ${secondsText(s.database?.updatedAgeSeconds)}`,
    evidence: (s) => [
      'database.snapshotVersion',
      'database.updatedAgeSeconds',
      ...row(s, 'runnerId', 'snapshotVersion', 'lease.intervalSeconds'),
    ],
    who: OPERATOR,
    act: takeFromOwner,
    command: release,
  },
  {
    code: 'RUNNER_IDLE',
    severity: 'CRITICAL',
    when: is.runnerIdle,
    says: (s) => `the runner of ${owner(s)} has had no task for ${secondsText(s.rowRunner?.value.idleSeconds)}`,
    evidence: (s) => [
      'executionState',
      ...row(s, 'runnerId', 'phase', 'activeTask', 'idleSeconds', 'lease.intervalSeconds'),
    ],
    who: OPERATOR,
    act: takeFromOwner,
    command: release,
  },
  {
    code: 'RETRY_OVERDUE',
    severity: 'CRITICAL',
    when: is.retryOverdue,
    says: (s) => `the next call of the model has been due for ${secondsText(-(s.retrySeconds ?? 0))} and was not made`,
    evidence: (s) => [
      'database.retryState',
      'database.retrySecondsLeft',
      ...row(s, 'activeTask.attempt', 'activeTask.secondsUntilRetry'),
    ],
    who: OPERATOR,
    act: takeFromOwner,
    command: release,
  },
  {
    code: 'ACTION_DEADLINE_PASSED',
    severity: 'CRITICAL',
    when: is.actionDeadlinePassed,
    says: (s) =>
      `the deadline for a tool result passed ${secondsText(-(s.database?.requiresActionSecondsLeft ?? 0))} ago, and the worker did not go on`,
    evidence: (s) => ['executionState', 'database.requiresActionSecondsLeft', ...row(s, 'activeTask.kind')],
    who: OPERATOR,
    act: (s) => (s.workerId === null ? 'answer the call in the tool’s place' : takeFromOwner(s)),
    command: (s) => (s.workerId === null ? chat('tool-result', '<call>=<output>')(s) : release(s)),
  },
  {
    code: 'NO_PROGRESS',
    severity: 'CRITICAL',
    when: is.noProgress,
    says: (s) =>
      `the model or a tool has given no sign of life for ${secondsText(s.rowRunner?.value.activeTask?.secondsSinceProgress)}, though ${owner(s)} holds the chat`,
    evidence: (s) => [
      'executionState',
      ...row(s, 'runnerId', 'activeTask.kind', 'activeTask.secondsSinceProgress', 'activeTask.attempt'),
    ],
    who: PERSON,
    act: (s) => (s.rowRunner?.value.activeTask?.kind === 'INTERRUPT' ? takeFromOwner(s) : 'interrupt the turn'),
    command: (s) => (s.rowRunner?.value.activeTask?.kind === 'INTERRUPT' ? release(s) : chat('interrupt')(s)),
  },
  {
    code: 'LEASE_ENDANGERED',
    severity: 'WARNING',
    when: is.leaseEndangered,
    says: (s) => `the lease of ${owner(s)} is renewed late, and may run out`,
    evidence: (s) => [
      ...lease(s),
      ...row(s, 'lease.ageSeconds', 'lease.intervalSeconds', 'lease.staleAfterSeconds', 'lease.consecutiveFailures'),
      ...(s.runtime ? [`${s.runtime.path}.eventLoopDelayMs`] : []),
    ],
    who: OPERATOR,
    act: (s) => `see whether ${owner(s)} is overloaded or cut off from the database`,
    command: lookAtReplicas,
  },
  {
    code: 'ERRORED',
    severity: 'WARNING',
    when: is.errored,
    says: (s) => `the last turn failed${s.database?.lastError?.kind ? ` (${s.database.lastError.kind})` : ''}`,
    evidence: () => ['executionState', 'database.lastError'],
    who: PERSON,
    act: () => 'send a message to try again',
    command: chat('send', '"Please try again"'),
  },
  {
    code: 'BUFFER_FULL',
    severity: 'WARNING',
    when: is.bufferFull,
    says: () => 'more was streamed than the buffer takes, so that readers of the stream miss parts',
    evidence: (s) =>
      is
        .fullBuffers(s)
        .flatMap((path) => [`${path}.historyVersion`, `${path}.generationAttempt`, `${path}.partsDropped`]),
    who: PERSON,
    act: () => 'read the answer from the history once the turn has ended',
    command: chat('show'),
  },
  {
    code: 'BUFFER_ORPHANED',
    severity: 'WARNING',
    when: is.bufferOrphaned,
    says: (s) => `a message buffer of ${owner(s)} is open and no task writes to it`,
    evidence: (s) =>
      is
        .orphanedBuffers(s)
        .flatMap((path) => [`${path}.historyVersion`, `${path}.generationAttempt`, `${path}.isClosed`]),
    who: OPERATOR,
    act: (s) => `restart ${owner(s)} when it suits: the buffer takes memory until then`,
    command: lookAtReplicas,
  },
  {
    code: 'RETRY_BACKOFF',
    severity: (s) => (is.manyAttempts(s) ? 'WARNING' : 'INFO'),
    when: is.inBackoff,
    says: (s) =>
      `attempt ${is.attempts(s)} of calling the model failed, and the next is ${(s.retrySeconds ?? 0) > 0 ? `in ${secondsText(s.retrySeconds)}` : 'due'}`,
    evidence: (s) => [
      'database.retryState',
      'database.retrySecondsLeft',
      ...row(s, 'activeTask.attempt', 'activeTask.lastError'),
    ],
    who: OPERATOR,
    act: (s) => (is.manyAttempts(s) ? 'see why the model keeps failing, or interrupt the turn' : 'wait'),
    command: (s) => (is.manyAttempts(s) ? chat('interrupt')(s) : null),
  },
  {
    code: 'ACTION_PENDING',
    severity: 'INFO',
    when: is.actionPending,
    says: (s) => `it waits for a tool result from outside${deadline(s)}`,
    evidence: () => ['executionState', 'database.requiresActionSecondsLeft'],
    who: OUTSIDE,
    act: () => 'answer the call',
    command: chat('tool-result', '<call>=<output>'),
  },
] as const satisfies readonly Rule[];

export type FindingCode = (typeof RULES)[number]['code'];

const workerOf = (path: string) => [`${path.replace(/\..*/, '')}.workerId`];
const elsewhere = (s: Situation) =>
  [...new Set(s.elsewhere.map(({ path }) => s.snapshot.everywhere?.[Number(/\d+/.exec(path)?.[0])]?.workerId))].join(
    ' and ',
  );

function deadline({ database }: Situation): string {
  const left = database?.requiresActionSecondsLeft ?? null;
  if (left === null) return '';
  return left > 0 ? ` for ${secondsText(left)} more` : ', and its deadline has just passed';
}
