/** Shape of the answers to `offers.graphql`, `act.graphql` and `actions.graphql`. */
import * as z from 'zod';
import { ACTIONS } from '../../domain/actions/names.ts';

const action = z.enum(ACTIONS as [string, ...string[]]).transform((name) => name as (typeof ACTIONS)[number]);
const verdict = z.enum(['IDLE', 'WORKING', 'WAITING', 'FAILED', 'STUCK', 'UNKNOWN']);

const offer = z.object({
  ...{ action, allowed: z.boolean(), whyNot: z.string().nullable(), from: z.string() },
  ...{ to: z.string().nullable(), changes: z.string(), answers: z.array(z.string()), risk: z.string() },
  token: z.string().nullable(),
});
export type Offer = z.output<typeof offer>;

const diagnosis = z.object({ verdict, summary: z.string(), findings: z.array(z.object({ code: z.string() })) });
export const offered = z.object({
  chatDebugSnapshot: z
    .object({
      ...{ chatId: z.string(), executionState: z.string(), actions: z.array(offer).nullable() },
      diagnosis: diagnosis.nullable(),
    })
    .nullable(),
});

const record = z.object({
  ...{ id: z.string(), before: z.string().nullable(), after: z.string().nullable() },
  ...{ why: z.string().nullable(), dryRun: z.boolean() },
});
export const done = z.object({ done: z.object({ outcome: z.string(), record }).nullable() });
export const recorded = z.object({
  actionRecord: record.extend({ outcome: z.string(), resolved: z.string() }).nullable(),
});

/** A record in a list. */
export const Noted = z.object({
  ...{ id: z.string(), at: z.string(), actor: z.string(), via: z.string(), action },
  ...{ chatId: z.string().nullable(), replicaId: z.string().nullable(), reason: z.string() },
  ...{ before: z.string().nullable(), after: z.string().nullable(), outcome: z.string(), why: z.string().nullable() },
  ...{ dryRun: z.boolean(), resolved: z.string() },
});
export const recordList = z.object({
  actionRecords: z.object({ edges: z.array(z.object({ node: Noted })) }).nullable(),
});
