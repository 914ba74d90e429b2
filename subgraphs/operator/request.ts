/** A request for an action, checked. Pure but for the check of the token's signature. */
import { hash } from 'node:crypto';
import type { ActionName } from '../../domain/actions/names.ts';
import { charactersOf, isPlainLine, REASON_CHARACTERS } from '../../domain/actions/reason.ts';
import { clientError } from '../../server/graphql/errors.ts';
import type { Caller } from '../../server/tokens/internalToken.ts';
import { type Expected, type OfferTokens, requireOffer } from './offerTokens.ts';

/** Way on which a request came. */
export const VIAS = ['CONSOLE', 'TERMINAL', 'GRAPHQL', 'MCP'] as const;
export type Via = (typeof VIAS)[number];

/** Circumstances of a request, for its record. */
export interface Circumstances {
  readonly caller: Caller;
  readonly via: Via;
  readonly requestId: string;
  /** Id of the trace; undefined: nobody traces. */
  readonly traceId: string | undefined;
}

/** Arguments of a mutation, of the types in the schema. */
export interface MutationArguments {
  readonly id: string;
  readonly expect?: {
    readonly snapshotVersion?: number | null;
    readonly workerId?: string | null;
    readonly runnerId?: string | null;
  } | null;
  readonly token?: string | null;
  readonly reason: string;
  readonly idempotencyKey: string;
  readonly dryRun?: boolean | null;
  readonly findings?: readonly string[] | null;
}

export interface ActionRequest extends Circumstances {
  readonly action: ActionName;
  readonly targetId: string;
  readonly expected: Expected;
  /** True if the token's time is over: a stored result is still answered, and nothing new is done. */
  readonly isExpired: boolean;
  readonly reason: string;
  readonly key: string;
  readonly isDryRun: boolean;
  readonly findings: readonly string[];
  /** SHA-256 of what is asked for. */
  readonly inputHash: string;
  /** True if the chat was seen to have none of the named findings just before. */
  readonly hadNone?: boolean;
  /** Plan that it is of; undefined: it was asked for by itself. */
  readonly planId?: string;
}

const MOST_FINDINGS = 20;
const FINDING = /^[A-Z][A-Z_]{0,39}$/;

const bad = (words: string) => clientError('BAD_USER_INPUT', words);

/**
 * Reads the arguments of a mutation.
 * @throws GraphQLError `BAD_USER_INPUT`
 */
export async function readRequest(
  action: ActionName,
  given: MutationArguments,
  circumstances: Circumstances,
  tokens: OfferTokens,
): Promise<ActionRequest> {
  const { id: targetId, idempotencyKey: key } = given;
  const { expected, isExpired } = await expectation(action, given, circumstances.caller, tokens);
  const reason = checkedReason(given.reason);
  const findings = checkedFindings(given.findings ?? []);
  const input = JSON.stringify([action, targetId, expected, reason, findings]);
  return {
    ...circumstances,
    ...{ action, targetId, expected, isExpired, reason, key, findings },
    isDryRun: given.dryRun ?? false,
    inputHash: hash('sha256', input),
  };
}

async function expectation(
  action: ActionName,
  { id, expect, token }: MutationArguments,
  caller: Caller,
  tokens: OfferTokens,
): Promise<{ expected: Expected; isExpired: boolean }> {
  if ((expect ?? null) === null && typeof token === 'string') {
    return requireOffer(await tokens.read(token, { action, chatId: id, sub: caller.sub }));
  }
  if (!expect || (token ?? null) !== null) {
    throw bad('Give either `expect`, what you have looked at, or the `token` of an offer: exactly one of them.');
  }
  const { snapshotVersion = null, workerId = null, runnerId = null } = expect;
  const isOnReplica = action === 'DRAIN_REPLICA' || action === 'UNDRAIN_REPLICA';
  if (isOnReplica && (workerId !== id || snapshotVersion !== null || runnerId !== null)) {
    throw bad('For a replica `expect` holds its id as `workerId`, and nothing else.');
  }
  if (!isOnReplica && snapshotVersion === null) {
    throw bad('`expect.snapshotVersion` is missing: give the version of the chat that you have looked at.');
  }
  return { expected: { version: snapshotVersion, workerId, runnerId }, isExpired: false };
}

/** @throws GraphQLError `BAD_USER_INPUT` */
export function checkedReason(given: string): string {
  const reason = given.trim();
  if (!isPlainLine(reason)) throw bad('`reason` must be one line of plain text, without control characters.');
  const { least, most } = REASON_CHARACTERS;
  const length = charactersOf(reason);
  if (length >= least && length <= most) return reason;
  throw bad(`\`reason\` must have ${least} to ${most} characters. Received ${length}.`);
}

/** @throws GraphQLError `BAD_USER_INPUT` */
export function checkedFindings(given: readonly string[]): readonly string[] {
  if (given.length > MOST_FINDINGS) {
    throw bad(`\`findings\` may hold at most ${MOST_FINDINGS} codes. Received ${given.length}.`);
  }
  if (given.every((code) => FINDING.test(code))) return [...new Set(given)];
  throw bad('`findings` holds codes of findings, such as NO_OWNER.');
}
