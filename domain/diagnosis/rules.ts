/**
 * All rules, in the order of causes.
 * Of several critical findings the first stays critical. The others are its consequences, or can wait until it is
 * mended.
 */
import type { Rule } from './rule.ts';
import * as attempts from './rules/attempts.ts';
import * as buffers from './rules/buffers.ts';
import * as database from './rules/database.ts';
import * as lease from './rules/lease.ts';
import * as owner from './rules/owner.ts';
import * as lost from './rules/ownersLost.ts';
import * as progress from './rules/progress.ts';
import * as rest from './rules/rest.ts';
import * as row from './rules/row.ts';
import * as runner from './rules/runner.ts';
import { thrashing } from './rules/thrashing.ts';
import * as turn from './rules/turn.ts';
import * as waiting from './rules/waiting.ts';

export const RULES = [
  ...[row.statusUnknown, row.invalidState, row.valueUnreadable, rest.queueBlocked],
  ...[database.databaseReadOnly, database.rowLocked, row.clockAhead, lost.ownersLost, thrashing],
  ...[owner.ownerUnknown, owner.ownerStopped, owner.ownerUnreachable],
  ...[runner.duplicateRunners, runner.runnerElsewhere],
  ...[owner.capacityWait, owner.noOwner],
  ...[runner.runnerMissing, runner.runnerMismatch, lease.heartbeatMissing, lease.heartbeatStale],
  ...[runner.runnerBehind, runner.runnerIdle],
  ...[attempts.retryOverdue, waiting.actionDeadlinePassed, attempts.spinning, turn.looping, progress.noProgress],
  ...[waiting.callUnanswered, waiting.childLost, rest.unanswered],
  ...[lease.leaseEndangered, rest.errored, buffers.bufferFull, buffers.bufferOrphaned],
  ...[attempts.retryBackoff, waiting.actionPending, progress.quiet],
] as const satisfies readonly Rule[];

export type FindingCode = (typeof RULES)[number]['code'];
