/** `chat-debug snapshot`: both halves of a chat, one above the other. */
import { secondsText } from '../../subgraphs/diagnosis/wording.ts';
import type { Ask } from './ask.ts';
import { ago, blocks, counted, dueText, fields, lines, type Page, paragraph, verdictText } from './layout.ts';
import { codeOf, noSuchChat, type Shown, withoutAnswer } from './shown.ts';
import {
  type Buffer,
  type DatabaseHalf,
  type Runner,
  type RuntimeHalf,
  type Snapshot,
  snapshotAnswer,
} from './snapshotShape.ts';

/** @throws NoAnswer, also when there is no such chat */
export async function askSnapshot(ask: Ask, chatId: string): Promise<Shown> {
  const { data, raw, problems } = await ask('snapshot', { chat: chatId }, snapshotAnswer);
  const chat = data.chatDebugSnapshot ?? withoutAnswer({ problems }, noSuchChat(chatId));
  return { json: raw, problems, code: codeOf(chat.diagnosis.verdict), text: (page) => snapshotText(page, chat) };
}

type Row = readonly [string, string];

function snapshotText(page: Page, { chatId, executionState, database, runtime, diagnosis }: Snapshot): string {
  const { bold } = page.paint;
  return blocks(
    lines(
      paragraph(page, `${verdictText(page, diagnosis.verdict)}  chat ${chatId}, state ${executionState}`),
      paragraph(page, diagnosis.summary),
    ),
    lines(bold('Written down'), fields(page, writtenDown(database))),
    lines(
      bold('In memory'),
      runtime ? fields(page, inMemory(runtime)) : paragraph(page, 'No replica owns the chat.', 2),
    ),
  );
}

function writtenDown(half: DatabaseHalf): Row[] {
  const { retrySecondsLeft: retry, requiresActionSecondsLeft: deadline } = half;
  const rows: (Row | false)[] = [
    half.title !== '' && ['title', half.title],
    ['status', `${half.status}${half.archived ? ', archived' : ''}; ${counted(half.queueDepth, 'message')} queued`],
    ['changed', `${ago(half.updatedAgeSeconds)}, to version ${half.snapshotVersion}`],
    [
      'versions',
      `history ${half.historyVersion}, queue ${half.queueVersion}; ${counted(half.generationAttempt, 'call')} of the model`,
    ],
    ['owner', half.workerId ? `replica ${half.workerId}` : 'none'],
    ['runner', half.runnerId ?? 'none'],
    ...leases(half),
    isSet(half.lastError) && ['last error', JSON.stringify(half.lastError)],
    isSet(half.retryState) && [
      'retry',
      `${retry === null ? '' : `due ${dueText(retry)}: `}${JSON.stringify(half.retryState)}`,
    ],
    deadline !== null && ['deadline', `for a tool result: ${dueText(deadline)}`],
    ['messages', messages(half.messageStats)],
    ['user', half.ownerId],
  ];
  return rows.filter((row) => row !== false);
}

const isSet = (value: unknown) => value !== null && value !== undefined;

function leases({ runnerId, heartbeatState, heartbeats, heartbeatsReadable }: DatabaseHalf): Row[] {
  if (!heartbeatsReadable) return [['lease', 'not known: leases cannot be read on a standby']];
  const own: Row = ['lease', heartbeatState?.toLowerCase() ?? 'none, since no runner is named'];
  return [
    own,
    ...heartbeats.map((beat): Row => {
      const whose = beat.runnerId === runnerId ? '' : ` by runner ${beat.runnerId}, which the row does not name`;
      return ['', `renewed ${ago(beat.ageSeconds)}, good for ${secondsText(beat.staleAfterSeconds)}${whose}`];
    }),
  ];
}

function messages(stats: DatabaseHalf['messageStats']): string {
  if (!stats) return 'not counted: that took too long';
  const roles = stats.byRole.map(({ role, count }) => `${count} ${role}`);
  return [`${stats.total}:`, [...roles, `${stats.deleted} deleted`].join(', ')].join(' ');
}

function inMemory(half: RuntimeHalf): Row[] {
  const { status, reason, address, elapsedMs } = half.reachability;
  const where = [elapsedMs > 0 && `in ${Math.ceil(elapsedMs)} ms`, address && `at ${address}`]
    .filter(Boolean)
    .join(' ');
  const answeredBy = half.localWorkerId && half.workerIdMatchesLocal === false;
  const rows: (Row | false)[] = [
    ['replica', half.workerId],
    ['asked', [status, where].filter(Boolean).join(' ')],
    reason !== null && ['', reason],
    !!answeredBy && ['', `replica ${half.localWorkerId} answered instead`],
    half.eventLoopDelayMs !== null && [
      'event loop',
      `delayed by up to ${Math.ceil(half.eventLoopDelayMs)} ms in the last minute`,
    ],
    ...(half.runners ?? []).flatMap(runnerRows),
    half.runners?.length === 0 && ['runners', 'none for this chat'],
    ...(half.messageBuffers ?? []).map(bufferRow),
  ];
  return rows.filter((row) => row !== false);
}

function runnerRows({
  runnerId,
  phase,
  uptimeSeconds,
  snapshotVersion,
  idleSeconds,
  activeTask,
  tasks,
  lease,
}: Runner): Row[] {
  const handled = snapshotVersion === null ? 'no version handled yet' : `version ${snapshotVersion} handled`;
  const failed =
    lease.consecutiveFailures > 0 ? `; ${counted(lease.consecutiveFailures, 'renewal')} failed in a row` : '';
  return [
    ['runner', runnerId],
    ['', `${phase.toLowerCase()} for ${secondsText(uptimeSeconds)}, ${handled}`],
    ['', `lease renewed ${ago(lease.ageSeconds)}, good for ${secondsText(lease.staleAfterSeconds)}${failed}`],
    ...tasks.map((task): Row => ['task', taskText(task, task.id === activeTask?.id)]),
    ...(idleSeconds === null ? [] : [['task', `none for ${secondsText(idleSeconds)}`] as const]),
  ];
}

const taskText = (task: Runner['tasks'][number], isActive: boolean): string =>
  [
    `${task.kind.toLowerCase()} for ${secondsText(task.runningSeconds)}`,
    task.attempt !== null && `call ${task.attempt} of the model`,
    task.secondsSinceProgress !== null && `last progress ${ago(task.secondsSinceProgress)}`,
    task.secondsUntilRetry !== null && `next call ${dueText(task.secondsUntilRetry)}`,
    task.lastError !== null && `last failure: ${task.lastError}`,
    task.cancelledAt !== null ? 'cancelled, and still finishing' : !isActive && 'not active',
  ]
    .filter(Boolean)
    .join(', ');

function bufferRow(buffer: Buffer): Row {
  const { historyVersion, generationAttempt, partsDropped, subscriberCount } = buffer;
  const held = `${counted(buffer.partsBuffered, 'part')}, ${counted(buffer.bytesBuffered, 'byte')}`;
  const dropped = partsDropped > 0 ? `, ${partsDropped} dropped` : '';
  const state = buffer.isClosed ? 'closed' : 'open';
  return [
    'buffer',
    `${historyVersion}/${generationAttempt} ${state}: ${held}${dropped}; ${counted(subscriberCount, 'reader')}`,
  ];
}
