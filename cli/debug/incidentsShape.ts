/** Shape of the answers to `incidents.graphql` and `incident.graphql`. */
import * as z from 'zod';

const incident = z.object({
  ...{ id: z.string(), chatId: z.string(), openedAt: z.string(), closedAt: z.string().nullable() },
  ...{ closeReason: z.string().nullable(), secondsOpen: z.number(), code: z.string(), severity: z.string() },
  ...{ verdict: z.string(), summary: z.string(), codes: z.array(z.string()), workerIds: z.array(z.string()) },
  readings: z.number(),
});
export type ShownIncident = z.output<typeof incident>;

const bundleRef = z.object({ id: z.string(), why: z.string(), at: z.string(), bytes: z.number() });
const whole = incident.extend({ bundles: z.array(bundleRef) });
export type WholeIncident = z.output<typeof whole>;

const pageInfo = z.object({ hasNextPage: z.boolean(), endCursor: z.string().nullable() });
export type PageInfo = z.output<typeof pageInfo>;

export const incidentList = z.object({
  incidents: z.object({ edges: z.array(z.object({ node: incident })), pageInfo }).nullable(),
});
/** Edges of a page as they came. */
export const rawList = z.object({ incidents: z.object({ edges: z.array(z.unknown()) }) });
export const one = z.object({ incident: whole.nullable() });
/** Bundles as they came: one goes into a file, and not onto a terminal. */
export const stored = z.object({
  incident: z.object({ bundles: z.array(z.object({ why: z.string(), bundle: z.unknown() })) }).nullable(),
});
