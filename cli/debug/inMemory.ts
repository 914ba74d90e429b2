/** The owner's half of a snapshot, held in memory, as rows of a name and a text. Null means not known. */
import { counted, secondsText } from '../../domain/diagnosis/wording.ts';
import { ago, atMost, dueText, type Row, UNKNOWN } from './layout.ts';
import type { Buffer, RuntimeHalf, ShownCandidate, ShownRunner } from './snapshotShape.ts';

const MOST_BUFFERS = 20;

/** @param candidates replicas that could take a chat without an owner */
export function inMemory(half: RuntimeHalf | null, candidates: readonly ShownCandidate[]): Row[] {
  return [...(half ? ownerRows(half) : []), ...candidates.map(candidateRow)];
}

function ownerRows(half: RuntimeHalf): Row[] {
  const { status, reason, address, elapsedMs } = half.reachability;
  const where = [elapsedMs > 0 && `in ${Math.ceil(elapsedMs)} ms`, address && `at ${address}`]
    .filter(Boolean)
    .join(' ');
  const answeredBy = half.localWorkerId && half.workerIdMatchesLocal === false;
  const rows: (Row | false)[] = [
    ['replica', half.workerId],
    ['asked', status === 'NOT_ASKED' ? 'no: nobody asks replicas here' : [status, where].filter(Boolean).join(' ')],
    reason !== null && ['', reason],
    !!answeredBy && ['', `replica ${half.localWorkerId} answered instead`],
    half.eventLoopDelayMs !== null && [
      'event loop',
      `delayed by up to ${Math.ceil(half.eventLoopDelayMs)} ms in the last minute`,
    ],
    ...(half.runners ?? []).flatMap(runnerRows),
    half.runners?.length === 0 && ['runners', 'none for this chat'],
    half.runners === null && status === 'OK' && ['runners', UNKNOWN],
    ...atMost(MOST_BUFFERS, (half.messageBuffers ?? []).map(bufferRow)),
  ];
  return rows.filter((row) => row !== false);
}

function runnerRows({ runnerId, phase, uptimeSeconds, snapshotVersion, idleSeconds, ...runner }: ShownRunner): Row[] {
  const handled = snapshotVersion === null ? 'no version told' : `version ${snapshotVersion} handled`;
  const life = phase === null ? `phase ${UNKNOWN}` : `${phase.toLowerCase()} for ${secondsText(uptimeSeconds)}`;
  return [
    ['runner', runnerId],
    ['', `${life}, ${handled}`],
    ['', leaseText(runner.lease)],
    ...runner.tasks.map((task): Row => ['task', taskText(task, task.id === runner.activeTask?.id)]),
    ...(idleSeconds === null ? [] : [['task', `none for ${secondsText(idleSeconds)}`] as const]),
  ];
}

function leaseText(lease: ShownRunner['lease']): string {
  if (!lease) return `lease ${UNKNOWN}`;
  const failures = lease.consecutiveFailures ?? 0;
  const failed = failures > 0 ? `; ${counted(failures, 'renewal')} failed in a row` : '';
  return `lease renewed ${ago(lease.ageSeconds)}, good for ${secondsText(lease.staleAfterSeconds)}${failed}`;
}

const taskText = (task: ShownRunner['tasks'][number], isActive: boolean): string =>
  [
    `${task.kind.toLowerCase()} for ${secondsText(task.runningSeconds)}`,
    task.label,
    task.attempt !== null && `call ${task.attempt} of the model`,
    task.secondsSinceProgress !== null && `last progress ${ago(task.secondsSinceProgress)}`,
    task.secondsUntilRetry !== null && `next call ${dueText(task.secondsUntilRetry)}`,
    task.waitsForDatabaseSeconds !== null &&
      `waiting for the database for ${secondsText(task.waitsForDatabaseSeconds)}`,
    !!task.breakOffs &&
      `broke off ${counted(task.breakOffs, 'time')}${task.lastBreakOff ? `: ${task.lastBreakOff}` : ''}`,
    task.lastError !== null && `last failure: ${task.lastError}`,
    task.cancelledAt !== null ? 'cancelled, and still finishing' : !isActive && 'not active',
  ]
    .filter(Boolean)
    .join(', ');

function bufferRow(buffer: Buffer): Row {
  const { historyVersion, generationAttempt, partsDropped } = buffer;
  const of = (count: number | null, one: string) => (count === null ? `${one}s ${UNKNOWN}` : counted(count, one));
  const held = `${of(buffer.partsBuffered, 'part')}, ${of(buffer.bytesBuffered, 'byte')}`;
  const dropped = partsDropped ? `, ${partsDropped} dropped` : '';
  const state = buffer.isClosed === null ? `state ${UNKNOWN}` : buffer.isClosed ? 'closed' : 'open';
  const episode = `${historyVersion ?? '?'}/${generationAttempt ?? '?'}`;
  return ['buffer', `${episode} ${state}: ${held}${dropped}; ${of(buffer.subscriberCount, 'reader')}`];
}

function candidateRow({ workerId, reachability: { status }, runnerCount, capacity, ...now }: ShownCandidate): Row {
  const room = now.isDraining ? 'stopping' : now.isFull === null ? `room ${UNKNOWN}` : now.isFull ? 'full' : 'has room';
  const holds = runnerCount === null ? '' : `, ${runnerCount}/${capacity ?? '?'} runners`;
  return ['candidate', `${workerId}: ${status === 'OK' ? `${room}${holds}` : status}`];
}
