/** The GraphQL that the terminal sends: one file for each question. */
import { readFileSync } from 'node:fs';

const OPERATIONS = ['snapshot', 'why', 'whyEverywhere', 'stuck', 'stuckChats', 'replicas', 'database'] as const;
export type Operation = (typeof OPERATIONS)[number];

/** Each as it is sent. */
export const operations = Object.fromEntries(
  OPERATIONS.map((name) => [name, readFileSync(new URL(`${name}.graphql`, import.meta.url), 'utf8')]),
) as Readonly<Record<Operation, string>>;
