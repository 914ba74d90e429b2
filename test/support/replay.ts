/** Chat as its events alone tell it, one for each of its versions. */
import type { ExecutionState } from '../../domain/executionState.ts';
import { TABLE } from '../../domain/stateMachine.ts';

export interface ChatEvent {
  readonly snapshotVersion: number;
  /** Names as in the state machine, in order; empty: whoever made the change did not say. */
  readonly transitions: readonly string[];
  /** State before; null: at creation, or the event before is missing. */
  readonly fromState: ExecutionState | null;
  readonly toState: ExecutionState;
  readonly generationAttempt: number;
  readonly queueDepth: number;
}

/** Chat after its events. */
interface Replayed {
  readonly state: ExecutionState;
  readonly snapshotVersion: number;
  readonly generationAttempt: number;
  readonly queueDepth: number;
  /** Versions whose event contradicts the one before it, or the state machine. */
  readonly contradicted: readonly number[];
}

/**
 * Replays events, oldest first. The first one is believed, and so is one after a gap.
 * @returns the chat after the last one; undefined: there are none
 */
export function replay(events: readonly ChatEvent[]): Replayed | undefined {
  const [first] = events;
  if (!first) return undefined;
  const contradicted: number[] = [];
  let last = first;
  for (const event of events.slice(1)) {
    if (!follows(last, event)) contradicted.push(event.snapshotVersion);
    last = event;
  }
  const { toState: state, snapshotVersion, generationAttempt, queueDepth } = last;
  return { state, snapshotVersion, generationAttempt, queueDepth, contradicted };
}

function follows(last: ChatEvent, event: ChatEvent): boolean {
  if (event.snapshotVersion <= last.snapshotVersion) return false;
  if (event.snapshotVersion > last.snapshotVersion + 1) return true;
  if (event.fromState === null) return false;
  return event.fromState === last.toState && leadsThere(event, event.fromState);
}

/** Transitions that stand beside the table: they change ownership only. */
const OWNERSHIP = ['acquire', 'baseline'];

/** True if the transitions lead from the state to the event's. Without transitions, nothing is known against it. */
function leadsThere({ transitions, toState }: ChatEvent, from: ExecutionState): boolean {
  if (transitions.length === 0) return true;
  let reached = new Set([from]);
  for (const name of transitions) {
    if (OWNERSHIP.includes(name)) continue;
    const rules = Object.hasOwn(TABLE, name) ? TABLE[name as keyof typeof TABLE] : {};
    reached = new Set([...reached].flatMap((state) => rules[state]?.to ?? []));
  }
  return reached.has(toState);
}
