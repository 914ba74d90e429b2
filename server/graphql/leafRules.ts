/** What may stand for a scalar or an enum in an answer. */
import {
  GraphQLBoolean,
  GraphQLFloat,
  GraphQLID,
  GraphQLInt,
  type GraphQLLeafType,
  GraphQLString,
  isEnumType,
} from 'graphql';
import { parseUuid } from '../../common/uuid.ts';
import { scalars } from './scalars.ts';

/** Whether a value other than null may stand for the type. */
type LeafRule = (value: unknown) => boolean;

export interface LeafRules {
  /** Rule of the specification. A scalar that is not GraphQL's own takes any value: its subgraph has checked it. */
  readonly ofAnswer: LeafRule;
  /**
   * Rule for an answer of somebody who is not trusted. Scalars of ours are checked. Numbers, texts and enums are left to
   * `ofAnswer`, field by field. No list and no object fits any scalar but JSON: it may be nested deeper than a copy can go.
   */
  readonly ofStranger: LeafRule;
}

/** @returns the same rules for types of the same name, enums aside */
export const leafRules = (type: GraphQLLeafType): LeafRules => ({
  ofAnswer: isEnumType(type)
    ? isNameOf(type.getValues().map(({ name }) => name))
    : (OWN.get(type.name) ?? (() => true)),
  ofStranger: SCALARS.get(type.name) ?? ((value) => typeof value !== 'object' && value !== undefined),
});

const isText: LeafRule = (value) => typeof value === 'string';
const isWhole: LeafRule = (value) => Number.isInteger(value);
/** 32 bits (GraphQL specification, "Int"). */
const isInt: LeafRule = (value) => isWhole(value) && (value as number) === ((value as number) | 0);

/** Rules of the scalars that GraphQL itself has. */
const OWN: ReadonlyMap<string, LeafRule> = new Map<string, LeafRule>([
  [GraphQLBoolean.name, (value) => typeof value === 'boolean'],
  [GraphQLFloat.name, Number.isFinite],
  [GraphQLID.name, (value) => isText(value) || isWhole(value)],
  [GraphQLInt.name, isInt],
  [GraphQLString.name, isText],
]);

function isNameOf(names: readonly string[]): LeafRule {
  const known = new Set<unknown>(names);
  return (value) => known.has(value);
}

/** Text as `Date.prototype.toISOString` writes it, up to the day that every month has: certainly a date. */
const USUAL_DATE_TIME = /^\d{4}-(?:0[1-9]|1[0-2])-(?:0[1-9]|1\d|2[0-8])T(?:[01]\d|2[0-3]):[0-5]\d:[0-5]\d\.\d{3}Z$/;

const isDateTime: LeafRule = (value) => {
  if (typeof value !== 'string') return false;
  if (USUAL_DATE_TIME.test(value)) return true;
  try {
    scalars.DateTime.parseValue(value);
    return true;
  } catch {
    return false;
  }
};

/** Rules of the scalars that subgraphs here have. */
const SCALARS: ReadonlyMap<string, LeafRule> = new Map<string, LeafRule>([
  ['JSON', (value) => value !== undefined],
  ['UUID', (value) => parseUuid(value) !== undefined],
  ['DateTime', isDateTime],
  ['SafeInt', Number.isSafeInteger],
]);
