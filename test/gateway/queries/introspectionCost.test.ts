/** What an introspection costs, against the values that it answers: each takes the event loop for 1 to 2 µs. */
import { beforeAll, expect, test } from '@jest/globals';
import {
  executeSync,
  type GraphQLSchema,
  getIntrospectionQuery,
  Kind,
  type OperationDefinitionNode,
  parse,
  validate,
} from 'graphql';
import { readCostRules } from '../../../gateway/queries/costRules.ts';
import { limitPassed } from '../../../gateway/queries/documentLimits.ts';
import { makeCompileCost } from '../../../gateway/queries/queryCost.ts';
import { settings } from '../../../server/settings/settings.ts';
import { loadSupergraph } from '../../support/loadSupergraph.ts';

const LIMIT = settings.MAX_COST.parse(undefined);
/** Values that hold the event loop for less than 100 ms, also on a machine that does something else beside. */
const MOST_VALUES = 50_000;

const ofFile: { schema?: GraphQLSchema; compile?: ReturnType<typeof makeCompileCost> } = {};
beforeAll(async () => {
  const { apiSchema, fullSchema } = await loadSupergraph();
  ofFile.schema = apiSchema;
  ofFile.compile = makeCompileCost(readCostRules(fullSchema));
});

/** The cost of a query, and the number of values in its answer. Undefined: it is refused before. */
function measured(query: string): { cost: number; values: number } | undefined {
  const { schema, compile } = ofFile;
  if (!schema || !compile) throw new Error('They are there once the tests run');
  const document = parse(query);
  const operation = document.definitions.find(({ kind }) => kind === Kind.OPERATION_DEFINITION);
  if (limitPassed(document) || validate(schema, document).length > 0) return undefined;
  const cost = compile(document, operation as OperationDefinitionNode)({}, 3);
  return { cost, values: valuesIn(executeSync({ schema, document }).data) };
}

function valuesIn(value: unknown): number {
  if (typeof value !== 'object' || value === null) return 1;
  const below = Object.values(value).reduce((sum: number, one) => sum + valuesIn(one), 0);
  return Array.isArray(value) ? below : 1 + below;
}

const TYPE = '__typename name description kind specifiedByURL isOneOf';
const FIELD = 'name description isDeprecated deprecationReason';
const aliases = (count: number, field: string) => Array.from({ length: count }, (_, i) => `a${i}: ${field}`).join(' ');
const SELECTIONS = [
  `fields { ${FIELD} }`,
  `fields { ${FIELD} type { ${TYPE} fields { ${FIELD} } } }`,
  `${TYPE} fields { ${FIELD} type { ${TYPE} } } enumValues { ${FIELD} } inputFields { ${FIELD} type { ${TYPE} } }`,
  `fields { ${FIELD} args { ${FIELD} type { ${TYPE} ofType { ${TYPE} } } } type { ${TYPE} } }`,
  `fields { type { ${TYPE} ofType { ${TYPE} ofType { ${TYPE} ofType { ${TYPE} } } } } }`,
  `fields { type { ofType { fields { ${FIELD} } enumValues { ${FIELD} } } fields { ${FIELD} } } }`,
  `interfaces { ${TYPE} } possibleTypes { ${TYPE} } inputFields { type { ofType { ofType { enumValues { ${FIELD} } } } } }`,
  `fields { ${aliases(95, 'description')} }`,
  `fields { ${aliases(95, '__typename')} }`,
  `enumValues { ${aliases(95, 'description')} }`,
  `fields { type { fields { ${aliases(95, 'name')} } } }`,
];

const isFair = (query: string) => {
  const { cost, values } = measured(query) ?? { cost: 0, values: 1 };
  return { query, isFair: cost / LIMIT >= values / MOST_VALUES };
};

test.each([
  getIntrospectionQuery(),
  `{ __schema { directives { name description locations args { ${FIELD} type { ${TYPE} } } } } }`,
  ...SELECTIONS.map((selection) => `{ __schema { types { ${selection} } } }`),
])('an introspection of 50,000 values costs all that is allowed, selection %#', (query) => {
  expect(isFair(query)).toEqual({ query, isFair: true });
});

test('a question about one type costs as much as the largest type', () => {
  const types = Object.keys(ofFile.schema?.getTypeMap() ?? {});
  for (const selection of SELECTIONS) {
    for (const type of types) {
      const query = `{ __type(name: "${type}") { ${selection} } }`;
      expect(isFair(query)).toEqual({ query, isFair: true });
    }
  }
});

test('what is nested deeper is refused, and the introspection that tools send is far from the limit', () => {
  expect(
    measured('{ __schema { types { fields { type { fields { type { fields { name } } } } } } } }'),
  ).toBeUndefined();
  expect(measured(getIntrospectionQuery())?.cost).toBeLessThan(LIMIT / 3);
});
