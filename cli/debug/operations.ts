/** GraphQL operations of the terminal, one file each. The question of a bundle lies beside its format. */
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
  'incidents',
  'incident',
] as const;
export type Operation = (typeof OPERATIONS)[number];

const fileOf = (name: Operation) => (name === 'bundle' ? '../../domain/bundle/bundle.graphql' : `${name}.graphql`);

/** Operations as they are sent. */
export const operations = Object.fromEntries(
  OPERATIONS.map((name) => [name, readFileSync(new URL(fileOf(name), import.meta.url), 'utf8')]),
) as Readonly<Record<Operation, string>>;
