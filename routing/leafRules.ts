/** What may stand for a scalar or an enum in an answer. */
import type { GraphQLLeafType } from 'graphql';
import { parseUuid, scalars } from '../server/graphql/scalars.ts';

/** Whether a value other than null may stand for the type. */
export type LeafRule = (value: unknown) => boolean;

/** As `Date.prototype.toISOString` writes it, up to the day that every month has: certainly a date, and nothing else need be looked at. */
const USUAL_DATE_TIME = /^\d{4}-(?:0[1-9]|1[0-2])-(?:0[1-9]|1\d|2[0-8])T(?:[01]\d|2[0-3]):[0-5]\d:[0-5]\d\.\d{3}Z$/;

const parses = (scalar: { parseValue(value: unknown): unknown }, value: unknown): boolean => {
  try {
    scalar.parseValue(value);
    return true;
  } catch {
    return false;
  }
};

const RULES: ReadonlyMap<string, LeafRule> = new Map<string, LeafRule>([
  ['JSON', (value) => value !== undefined],
  ['UUID', (value) => parseUuid(value) !== undefined],
  [
    'DateTime',
    (value) => typeof value === 'string' && (USUAL_DATE_TIME.test(value) || parses(scalars.DateTime, value)),
  ],
  ['SafeInt', Number.isSafeInteger],
]);

/**
 * No list and no object fits any scalar but JSON: it may be nested deeper than what copies it can go. Numbers, texts and enums
 * are left to the executor, which checks them field by field.
 */
export const leafRule = (type: GraphQLLeafType): LeafRule =>
  RULES.get(type.name) ?? ((value) => typeof value !== 'object' && value !== undefined);
