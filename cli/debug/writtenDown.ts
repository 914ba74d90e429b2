/** The database's half of a snapshot, as rows of a name and a text. */
import { counted, secondsText } from '../../domain/diagnosis/wording.ts';
import { printableLine } from '../printable.ts';
import type { Problem } from './ask.ts';
import { LONGEST_TEXT } from './cleaned.ts';
import { ago, atMost, dueText, type Row, UNKNOWN, UNREADABLE } from './layout.ts';
import type { DatabaseHalf } from './snapshotShape.ts';
import { troubleRows } from './troubleRows.ts';

const MOST_LEASES = 10;

/** @param problems errors of the answer; one at a field's own path says that the field could not be read */
export function writtenDown(half: DatabaseHalf, problems: readonly Problem[]): Row[] {
  const unreadable = unreadableFields(half, problems);
  const lost = (field: string) => unreadable.has(field);
  const { workerId, runnerId, generationAttempt } = half;
  const number = (field: 'snapshotVersion' | 'historyVersion' | 'queueVersion' | 'generationAttempt') =>
    half[field] ?? (lost(field) ? UNREADABLE : UNKNOWN);
  const calls =
    generationAttempt === null
      ? `calls of the model ${number('generationAttempt')}`
      : `${counted(generationAttempt, 'call')} of the model`;
  const rows: (Row | false)[] = [
    half.title !== '' && ['title', half.title],
    ['status', `${half.status}${half.archived ? ', archived' : ''}; ${queue(half)}`],
    [
      'changed',
      `${half.updatedAgeSeconds === null ? UNREADABLE : ago(half.updatedAgeSeconds)}, to version ${number('snapshotVersion')}`,
    ],
    ['versions', `history ${number('historyVersion')}, queue ${number('queueVersion')}; ${calls}`],
    ['owner', lost('workerId') ? UNREADABLE : workerId ? `replica ${workerId}` : 'none'],
    ['runner', lost('runnerId') ? UNREADABLE : (runnerId ?? 'none')],
    ...leases(half),
    ...troubleRows(half.trouble, lost('trouble')),
    ...stored('last error', half.lastError, lost('lastError')),
    ...stored('retry', half.retryState, lost('retryState'), half.retrySecondsLeft),
    ...deadline(half, lost('requiresActionDeadlineAt')),
    ['messages', messages(half.messageStats)],
    ...lastMessage(half, lost('lastMessage')),
    ...turn(half, lost('turn')),
    ...openCalls(half, lost('openCalls')),
    ...debugRun(half, lost('debugRun')),
    ...children(half, lost),
    ['user', half.ownerId],
    unreadable.size > 0 && ['unreadable', [...unreadable].join(', ')],
  ];
  return rows.filter((row) => row !== false);
}

function unreadableFields({ unreadable }: DatabaseHalf, problems: readonly Problem[]): Set<string> {
  const refused = problems.flatMap(({ path }) =>
    path?.[0] === 'chatDebugSnapshot' && path[1] === 'database' && path.length > 2 ? [String(path[2])] : [],
  );
  return new Set([...unreadable, ...refused]);
}

function queue({ queueDepth, oldestQueuedAgeSeconds }: DatabaseHalf): string {
  const since = oldestQueuedAgeSeconds === null ? '' : `, the oldest ${ago(oldestQueuedAgeSeconds)}`;
  return `${counted(queueDepth, 'message')} queued${since}`;
}

/** Row for a JSON value, as it is stored. */
function stored(name: string, value: unknown, isUnreadable: boolean, secondsLeft: number | null = null): Row[] {
  if (isUnreadable) return [[name, UNREADABLE]];
  if (value === null || value === undefined) return [];
  const due = secondsLeft === null ? '' : `due ${dueText(secondsLeft)}: `;
  return [[name, `${due}${printableLine(JSON.stringify(value), 2 * LONGEST_TEXT)}`]];
}

function deadline({ status, requiresActionSecondsLeft: left }: DatabaseHalf, isUnreadable: boolean): Row[] {
  if (left !== null) return [['deadline', `for a tool result: ${dueText(left)}`]];
  if (isUnreadable) return [['deadline', `for a tool result: ${UNREADABLE}`]];
  return status === 'requires_action' ? [['deadline', 'none: it waits for a tool result without end']] : [];
}

function leases({ runnerId, heartbeatState, heartbeats, heartbeatsReadable }: DatabaseHalf): Row[] {
  if (!heartbeatsReadable) return [['lease', 'not known: leases cannot be read on a standby']];
  const own: Row = [
    'lease',
    heartbeatState?.toLowerCase() ?? (runnerId ? UNREADABLE : 'none, since no runner is named'),
  ];
  const each = heartbeats.map((beat): Row => {
    const whose = beat.runnerId === runnerId ? '' : ` by runner ${beat.runnerId}, which the row does not name`;
    const renewed = beat.ageSeconds === null ? `at a time that is ${UNREADABLE}` : ago(beat.ageSeconds);
    return ['', `renewed ${renewed}, good for ${secondsText(beat.staleAfterSeconds)}${whose}`];
  });
  return [own, ...atMost(MOST_LEASES, each)];
}

function messages(stats: DatabaseHalf['messageStats']): string {
  if (!stats) return 'not counted: that took too long';
  const roles = stats.byRole.map(({ role, count }) => `${count} ${role}`);
  return [`${stats.total}:`, [...roles, `${stats.deleted} deleted`].join(', ')].join(' ');
}

function lastMessage({ lastMessage: last }: DatabaseHalf, isUnreadable: boolean): Row[] {
  if (!last) return isUnreadable ? [['last message', UNREADABLE]] : [];
  const written = last.ageSeconds === null ? `at a time that is ${UNREADABLE}` : ago(last.ageSeconds);
  const withText = last.hasText === null ? '' : last.hasText ? ', with text' : ', without text';
  const ended = last.finishReason === null ? '' : `, finish reason ${last.finishReason}`;
  return [['last message', `${last.role}, ${written}${withText}${ended}`]];
}

function turn({ turn: now }: DatabaseHalf, isUnreadable: boolean): Row[] {
  if (!now) return isUnreadable ? [['turn', UNREADABLE]] : [];
  const began = now.ageSeconds === null ? `at a time that is ${UNREADABLE}` : ago(now.ageSeconds);
  const calls = now.toolCalls === null ? 'too much in them to count tool calls' : counted(now.toolCalls, 'tool call');
  return [['turn', `asked for ${began}: ${counted(now.steps, 'step')}, ${calls}`]];
}

function openCalls({ openCalls: calls }: DatabaseHalf, isUnreadable: boolean): Row[] {
  if (!calls) return isUnreadable ? [['open calls', UNREADABLE]] : [];
  return calls.map(({ id, toolName, ageSeconds, timesUnanswered }) => {
    const called = ageSeconds === null ? `at a time that is ${UNREADABLE}` : ago(ageSeconds);
    const again = timesUnanswered > 1 ? `, ${timesUnanswered} calls of it in a row without an answer` : '';
    return ['open call', `${toolName}, called ${called}${again} (${id})`];
  });
}

/** Rows for the newest run of the platform's own debug log. */
function debugRun({ debugRun: run }: DatabaseHalf, isUnreadable: boolean): Row[] {
  if (!run) return isUnreadable ? [['debug run', UNREADABLE]] : [];
  const written =
    run.ageSeconds === null ? `written at a time that is ${UNREADABLE}` : `written ${ago(run.ageSeconds)}`;
  const what = [run.kind, run.status, run.provider, run.model].filter((word) => word !== null && word !== '');
  return [['debug run', [...what, run.hasEnded ? 'ended' : 'not ended', written].join(', ')]];
}

function children({ children: all, lostChildren }: DatabaseHalf, lost: (field: string) => boolean): Row[] {
  const missing = new Set(lostChildren?.map(({ chatId }) => chatId));
  const others = (all?.edges ?? []).map(({ node }) => node).filter(({ chatId }) => !missing.has(chatId));
  const rows: (Row | false)[] = [
    ...(lostChildren ?? []).map((one): Row => ['lost child', `${one.chatId}, state ${one.executionState}`]),
    ...others.map((one): Row => ['child', `${one.chatId}, state ${one.executionState}`]),
    all?.pageInfo.hasNextPage === true && ['', '… and more children'],
    (lost('children') || lost('lostChildren')) && ['children', UNREADABLE],
  ];
  return rows.filter((row) => row !== false);
}
