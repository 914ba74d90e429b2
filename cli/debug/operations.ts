/** GraphQL operations of the terminal, one file each. */
import { readFileSync } from 'node:fs';

const OPERATIONS = [
  'snapshot',
  'why',
  'whyEverywhere',
  'stuck',
  'stuckChats',
  'replicas',
  'database',
  'bundle',
] as const;
export type Operation = (typeof OPERATIONS)[number];

/** Operations as they are sent. */
export const operations = Object.fromEntries(
  OPERATIONS.map((name) => [name, readFileSync(new URL(`${name}.graphql`, import.meta.url), 'utf8')]),
) as Readonly<Record<Operation, string>>;
