/** What happened to a chat, as one list and as lanes. Pure. */
import type { ChatPastAnswer } from './operations.ts';
import { manyOf } from './time.ts';

export type Past = NonNullable<ChatPastAnswer['chatDebugSnapshot']>;

/** Something that happened, or lasted. */
export interface Happening {
  readonly key: string;
  /** Lane: the id of a replica, `events`, `attempts`, `incidents` or `actions`. */
  readonly lane: string;
  readonly fromMs: number;
  /** Undefined: it took no time. Infinity: it lasts. */
  readonly untilMs?: number;
  readonly words: string;
  /** Someone to blame or to ask. */
  readonly by?: string;
  readonly isTrouble: boolean;
}

/** Everything, oldest first. */
export function happeningsOf({ history, ownership, incidents, actionRecords }: Past): Happening[] {
  const all: Happening[] = [];
  for (const span of ownership ?? []) {
    const ended = span.ended === null ? 'still owner' : span.ended.toLowerCase().replaceAll('_', ' ');
    all.push({
      key: `o${span.runnerId}${span.from}`,
      lane: span.workerId,
      ...{ fromMs: Date.parse(span.from), untilMs: span.until ? Date.parse(span.until) : Number.POSITIVE_INFINITY },
      words: `owned by ${span.workerId.slice(0, 8)}: ${manyOf(span.stepsCommitted, 'step')}, ${manyOf(span.attempts, 'attempt')}, ${ended}`,
      isTrouble: span.ended === 'TAKEN_OVER',
    });
  }
  for (const { node } of history?.edges ?? []) {
    const isAttempt =
      node.transitions.includes('recordGenerationAttempt') || node.transitions.includes('recordRetryState');
    const states = node.fromState === node.toState ? node.toState : `${node.fromState ?? 'nothing'} → ${node.toState}`;
    const attempt = isAttempt ? `, attempt ${node.generationAttempt}` : '';
    all.push({
      key: `e${node.id}`,
      lane: isAttempt ? 'attempts' : 'events',
      fromMs: Date.parse(node.at),
      words: `${node.transitions.join(', ') || 'a change that names no transition'}: ${states}${attempt}${detailOf(node.detail)}`,
      by: node.by.toLowerCase(),
      isTrouble:
        node.transitions.includes('finishError') ||
        node.transitions.includes('recordRetryState') ||
        node.toState === 'INVALID',
    });
  }
  for (const { id, openedAt, closedAt, code, summary, closeReason } of incidents ?? []) {
    all.push({
      key: `i${id}`,
      lane: 'incidents',
      ...{ fromMs: Date.parse(openedAt), untilMs: closedAt ? Date.parse(closedAt) : Number.POSITIVE_INFINITY },
      words: `incident ${code}${closeReason ? `, closed: ${closeReason}` : ', open'}: ${summary}`,
      isTrouble: true,
    });
  }
  for (const { id, at, action, outcome, reason, actor, dryRun } of actionRecords ?? []) {
    all.push({
      key: `a${id}`,
      lane: 'actions',
      fromMs: Date.parse(at),
      words: `${action}${dryRun ? ', tried only' : ''}: ${outcome}. “${reason}”`,
      by: actor.slice(0, 8),
      isTrouble: false,
    });
  }
  return all.sort((a, b) => a.fromMs - b.fromMs);
}

function detailOf(detail: unknown): string {
  if (typeof detail !== 'object' || detail === null) return '';
  const { kind, status_code: status } = detail as Record<string, unknown>;
  return kind ? ` (${kind}${status ? `, ${status}` : ''})` : '';
}

/** Lanes in their order: replicas by when they first owned the chat, then the others. */
export function lanesOf(happenings: readonly Happening[]): string[] {
  const fixed = ['events', 'attempts', 'incidents', 'actions'];
  const replicas = [...new Set(happenings.map(({ lane }) => lane))].filter((lane) => !fixed.includes(lane));
  return [...replicas, ...fixed.filter((lane) => happenings.some((one) => one.lane === lane))];
}
