/** Postgres' account of what it looked at for a statement. */
import * as z from 'zod';

export interface Node {
  readonly 'Node Type': string;
  readonly 'Relation Name'?: string | undefined;
  readonly 'Index Name'?: string | undefined;
  readonly 'Actual Rows': number;
  readonly 'Actual Loops': number;
  readonly 'Rows Removed by Filter'?: number | undefined;
  readonly Plans?: readonly Node[] | undefined;
}

const node: z.ZodType<Node> = z.lazy(() =>
  z.object({
    'Node Type': z.string(),
    'Relation Name': z.string().optional(),
    'Index Name': z.string().optional(),
    'Actual Rows': z.number(),
    'Actual Loops': z.number(),
    'Rows Removed by Filter': z.number().optional(),
    Plans: z.array(node).optional(),
  }),
);
const answer = z.tuple([z.object({ 'QUERY PLAN': z.tuple([z.object({ Plan: node })]) })]);

/** The nodes that look into a table or an index. */
export function scans(plan: Node): Node[] {
  const here = plan['Relation Name'] || plan['Index Name'] ? [plan] : [];
  return [...here, ...(plan.Plans ?? []).flatMap(scans)];
}

/** Rows or entries of an index. */
export const lookedAt = (scan: Node) =>
  (scan['Actual Rows'] + (scan['Rows Removed by Filter'] ?? 0)) * scan['Actual Loops'];

/** Plan in the rows of `EXPLAIN (ANALYZE, FORMAT JSON)`. */
export const planIn = (rows: unknown): Node => answer.parse(rows)[0]['QUERY PLAN'][0].Plan;
