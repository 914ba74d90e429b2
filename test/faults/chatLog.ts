/** Requests of the driver to one chat, and what was accepted. */
import type { PlannedMessage } from './plan.ts';

export interface ChatLog {
  readonly id: string;
  /** Messages in the order in which they were accepted. */
  readonly accepted: PlannedMessage[];
  readonly cuts: Cut[];
}

/**
 * An interruption that was accepted, at this snapshot version. `stopped`: the turn ends where it is. `cancelled`: the open
 * tool call is, and the turn goes on. `unknown`: whether it happened at all is not known, the connection broke.
 */
export type Cut = { readonly kind: 'stopped' | 'cancelled'; readonly version: number } | { readonly kind: 'unknown' };
