/** Which values of a subgraph may stand for a leaf of the answer. */
import {
  GraphQLBoolean,
  GraphQLFloat,
  GraphQLID,
  GraphQLInt,
  type GraphQLLeafType,
  GraphQLString,
  isEnumType,
} from 'graphql';

type Check = (value: unknown) => boolean;

const isText: Check = (value) => typeof value === 'string';
const isWhole: Check = (value) => Number.isInteger(value);
/** Of 32 bits (GraphQL specification, "Int"). */
const isInt: Check = (value) => isWhole(value) && (value as number) === ((value as number) | 0);

const CHECKS: Readonly<Record<string, Check>> = {
  [GraphQLBoolean.name]: (value) => typeof value === 'boolean',
  [GraphQLFloat.name]: Number.isFinite,
  [GraphQLID.name]: (value) => isText(value) || isWhole(value),
  [GraphQLInt.name]: isInt,
  [GraphQLString.name]: isText,
};

/** For values other than null. A scalar that is not GraphQL's own takes any: the subgraph has checked it. */
export function leafCheck(type: GraphQLLeafType): Check {
  if (!isEnumType(type)) return CHECKS[type.name] ?? (() => true);
  const names = new Set(type.getValues().map(({ name }) => name));
  return (value) => isText(value) && names.has(value as string);
}
