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
  'offers',
  'act',
  'actions',
  'record',
  'plans',
] as const;
export type Operation = (typeof OPERATIONS)[number];

const fileOf = (name: Operation) => (name === 'bundle' ? '../../domain/bundle/bundle.graphql' : `${name}.graphql`);

/** Operations as they are sent. */
export const operations = Object.fromEntries(
  OPERATIONS.map((name) => [name, readFileSync(new URL(fileOf(name), import.meta.url), 'utf8')]),
) as Readonly<Record<Operation, string>>;

/** Live views of the terminal that are no query of it: what they tell is only that something has changed. */
const CHANGES = ['stuckChanges', 'replicasChanges'] as const;
type Changes = (typeof CHANGES)[number];

/** Live view of a question: itself, if it has one field; else of what its answer depends on. */
export type LiveView = 'snapshot' | 'why' | 'whyEverywhere' | Changes;

/** Subscriptions as they are sent. Each takes the variable `everyMs`. */
export const subscriptions: Readonly<Record<LiveView, string>> = {
  snapshot: asSubscription(operations.snapshot),
  why: asSubscription(operations.why),
  whyEverywhere: asSubscription(operations.whyEverywhere),
  stuckChanges: readFileSync(new URL('stuckChanges.graphql', import.meta.url), 'utf8'),
  replicasChanges: readFileSync(new URL('replicasChanges.graphql', import.meta.url), 'utf8'),
};

/** Subscription to the answer of a query with one field, which takes arguments, as the query has variables. */
function asSubscription(query: string): string {
  return query
    .replace(/^query (\w+)\(/m, 'subscription $1($everyMs: Int, ')
    .replace(/^ {2}(\w+)\(/m, '  $1(everyMs: $everyMs, ');
}
