/**
 * The format of a bundle: one JSON file with all that was known of a chat at one moment.
 * One shape both writes and reads it. A value of another shape counts as not known, and a member that is not listed is
 * dropped. So whatever goes in, no content and no foreign words come out.
 */
import * as z from 'zod';
import { CONSISTENCIES, type Diagnosis, SEVERITIES, VERDICTS } from '../diagnosis/diagnosis.ts';
import { count, flag, json, known, seconds, text, thresholds } from '../diagnosis/snapshot.ts';
import { bundledSnapshot, reachability } from './halves.ts';
import { code, moment, words } from './withheld.ts';

export const FORMAT = 'chat-debug-bundle/1';
/** Newest events that a bundle holds. */
const MOST_EVENTS = 100;

const loop = known(
  z.object({ lastRunAt: moment, lastError: words, consecutiveFailures: count, intervalSeconds: seconds }),
);

const replica = z.object({
  ...{ id: text, hostname: text, relayAddress: text, version: text, regionId: count },
  ...{ startedAt: moment, stoppedAt: moment, updatedAt: moment, isAlive: flag, error: words, ownedChats: count },
  runtime: known(
    z.object({
      reachability: known(reachability.omit({ address: true })),
      ...{ startedAt: moment, runnerCount: count, capacity: count, isFull: flag, isDraining: flag },
      ...{ bufferCount: count, eventLoopDelayMs: count, residentBytes: count },
      ...{ acquisition: loop, heartbeats: loop, databaseSync: loop },
    }),
  ),
});

const server = z.object({
  ...{ canWrite: flag, isInRecovery: flag, connections: count, maxConnections: count },
  ...{ oldestTransactionSeconds: seconds, lockWaits: count, serverVersion: text, platform: text, isOurs: flag },
  missing: known(z.array(z.string())),
  notReadable: known(z.array(z.string())),
  pools: known(z.array(z.object({ kind: text, used: count, capacity: count }))),
});

/** One change of the chat, as the history keeps it. */
const event = z.object({
  ...{ id: text, at: moment, snapshotVersion: count, transitions: known(z.array(code)) },
  ...{ by: code, actorId: text, fromState: code, toState: code, workerId: text, runnerId: text },
  ...{ generationAttempt: count, queueDepth: count },
  detail: json({ kind: code, status_code: count, retryable: flag, retrying_at: moment, reason: words }),
});

const finding = z.object({
  code: z.string(),
  severity: z.enum(SEVERITIES),
  message: z.string(),
  evidence: z.array(z.object({ source: z.enum(['DATABASE', 'RUNTIME']), field: z.string(), value: z.string() })),
  suggestion: z.string().nullable(),
});

const diagnosis = z
  .object({
    verdict: z.enum(VERDICTS),
    summary: z.string(),
    consistency: z.enum(CONSISTENCIES),
    findings: z.array(finding),
  })
  .meta({ id: 'Diagnosis' });

/** Answer of the gateway, and what it went by. */
const answered = z
  .object({
    verdict: known(z.enum(VERDICTS)).describe('Verdict of the gateway.'),
    second: known(bundledSnapshot).describe('Second reading, which the verdict is about. Null: there was none.'),
    notRepeated: text.describe('Clause on why there was no second reading, where there should be one.'),
  })
  .meta({ id: 'Answered' });

/** Bundle without the rules' own words on it. */
export const facts = z.object({
  format: z.literal(FORMAT),
  takenAt: moment.describe('Time at which it was taken, by the clock of the terminal.'),
  takenBy: known(z.object({ sub: text, roles: known(z.array(z.string())) })).describe(
    'Caller, by its token. Null: the token says nothing.',
  ),
  anonymous: flag.describe('True if ids are pseudonyms, and hostnames and addresses are left out.'),
  versions: known(
    z.object({
      tool: text.describe('Version of the terminal.'),
      schema: text.describe('Fingerprint of the part of the GraphQL schema that was asked.'),
      rules: text.describe('Fingerprint of the rules of the diagnosis.'),
    }),
  ),
  thresholds: known(thresholds).describe('Thresholds by which the rules judge this chat.'),
  snapshot: bundledSnapshot.describe('Both halves of the chat, and the memory of every replica.'),
  replicas: known(z.array(replica)).describe('Replica rows. Null: not the caller’s to read, or not answered.'),
  server: known(server).describe('Health of the database server. Null: not the caller’s to read, or not answered.'),
  events: known(z.array(event))
    .transform((all) => all?.slice(0, MOST_EVENTS) ?? null)
    .describe(
      `The ${MOST_EVENTS} newest events, newest first. Null: the database keeps no history, or it was not answered.`,
    ),
  answered: known(z.object({ owner: known(answered), everywhere: known(answered) })).describe(
    'What the gateway said: after asking the owner, and after asking every replica.',
  ),
  notAnswered: known(z.array(z.object({ path: z.string(), code }))).describe('Fields that were not answered, and why.'),
});
export type Facts = z.output<typeof facts>;

export const bundle = facts.extend({
  diagnosis: known(diagnosis).describe('Diagnosis of both halves in this file, by the rules of its version.'),
  diagnosisEverywhere: known(diagnosis).describe('The same of every replica’s memory. Null: it is not in this file.'),
});

export interface Bundle extends Facts {
  readonly diagnosis: Diagnosis | null;
  readonly diagnosisEverywhere: Diagnosis | null;
}
