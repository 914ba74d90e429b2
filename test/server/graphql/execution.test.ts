/** Compiled execution against that of graphql-js, with resolvers that do anything at any time. */
import { expect, test } from '@jest/globals';
import fc from 'fast-check';
import {
  execute,
  GraphQLInt,
  GraphQLInterfaceType,
  GraphQLList,
  GraphQLNonNull,
  GraphQLObjectType,
  GraphQLSchema,
  GraphQLString,
  GraphQLUnionType,
  getVariableValues,
  parse,
  validate,
} from 'graphql';
import { compileExecution } from '../../../server/graphql/execution.ts';

const NAMES = ['leaf', 'leafNonNull', 'node', 'nodeNonNull', 'nodes', 'nodesNonNull', 'grid', 'one', 'named'] as const;
type Name = (typeof NAMES)[number];

/** What a resolver does. */
type Act =
  | { readonly do: 'value' | 'null' | 'throw' | 'error' | 'odd' }
  | { readonly do: 'later'; readonly turns: number; readonly what: Act };

const act: fc.Arbitrary<Act> = fc.letrec<{ act: Act }>((tie) => ({
  act: fc.oneof(
    { maxDepth: 2 },
    { arbitrary: fc.constant({ do: 'value' } as const), weight: 8 },
    { arbitrary: fc.constantFrom({ do: 'null' }, { do: 'throw' }, { do: 'error' }, { do: 'odd' } as const), weight: 1 },
    {
      arbitrary: fc.record({ do: fc.constant('later' as const), turns: fc.nat(3), what: tie('act') }),
      weight: 5,
    },
  ),
})).act;

/** Runs an act. */
function doing(what: Act, value: () => unknown): unknown {
  switch (what.do) {
    case 'value':
      return value();
    case 'null':
      return null;
    case 'throw':
      throw new Error('thrown');
    case 'error':
      return new Error('returned');
    case 'odd':
      return { odd: true };
    default:
      return (async () => {
        for (let i = 0; i < what.turns; i += 1) await Promise.resolve();
        return doing(what.what, value);
      })();
  }
}

interface Context {
  /** Acts in the order in which resolvers of a path ask for them. */
  readonly actOf: (path: string) => Act;
}

const pathText = (path: { prev: unknown; key: string | number } | undefined): string =>
  path ? `${pathText(path.prev as typeof path)}.${path.key}` : '';

const resolving =
  (value: () => unknown) =>
  (_source: unknown, _args: unknown, { actOf }: Context, { path }: { path: Parameters<typeof pathText>[0] }) =>
    doing(actOf(pathText(path)), value);

/** Items of a list, of which each may come later or not at all. */
const items =
  (value: () => unknown, isLater = false) =>
  (_source: unknown, _args: unknown, { actOf }: Context, { path }: { path: Parameters<typeof pathText>[0] }) =>
    doing(actOf(pathText(path)), () =>
      [0, 1].map((i) => {
        const what = actOf(`${pathText(path)}.${i}`);
        return isLater || what.do === 'throw' ? Promise.resolve().then(() => doing(what, value)) : doing(what, value);
      }),
    );

const Named = new GraphQLInterfaceType({ name: 'Named', fields: { leaf: { type: GraphQLInt } } });
const fields = () => ({
  leaf: { type: GraphQLInt, resolve: resolving(() => 1) },
  leafNonNull: { type: new GraphQLNonNull(GraphQLInt), resolve: resolving(() => 2) },
  node: { type: Node, resolve: resolving(() => ({})) },
  nodeNonNull: { type: new GraphQLNonNull(Node), resolve: resolving(() => ({})) },
  nodes: { type: new GraphQLList(Node), resolve: items(() => ({})) },
  // graphql-js does not handle what comes of other items once one has failed at once, which would end the process.
  nodesNonNull: { type: new GraphQLList(new GraphQLNonNull(Node)), resolve: items(() => ({}), true) },
  grid: { type: new GraphQLList(new GraphQLList(GraphQLInt)), resolve: items(() => [1, 2]) },
  one: { type: One, resolve: resolving(() => ({ __typename: 'Node' })) },
  named: { type: Named, resolve: resolving(() => ({ __typename: 'Other', leaf: 3 })) },
  echo: {
    type: GraphQLString,
    args: { text: { type: GraphQLString, defaultValue: 'none' } },
    resolve: (_source: unknown, { text }: { text?: string }) => text,
  },
});
const Node: GraphQLObjectType = new GraphQLObjectType({ name: 'Node', interfaces: [Named], fields });
const Other = new GraphQLObjectType({ name: 'Other', interfaces: [Named], fields: { leaf: { type: GraphQLInt } } });
const One = new GraphQLUnionType({
  name: 'One',
  types: [Node, Other],
  resolveType: async (value: { __typename?: string }) => value.__typename,
});
const schema = new GraphQLSchema({ query: new GraphQLObjectType({ name: 'Query', fields }), types: [Other] });

const isComposite = (name: Name) => !['leaf', 'leafNonNull', 'grid'].includes(name);
const selection: fc.Arbitrary<string> = fc.letrec<{ set: string }>((tie) => ({
  set: fc
    .array(
      fc.tuple(
        fc.constantFrom(...NAMES),
        fc.option(fc.constantFrom('a', 'b', '__proto__', 'constructor')),
        fc.constantFrom('', '', '@include(if: $yes)', '@skip(if: $yes)'),
        fc.option(tie('set'), { maxDepth: 2, depthSize: 'small' }),
      ),
      { minLength: 1, maxLength: 4 },
    )
    .map((all) =>
      all
        .map(([name, alias, condition, below], i) => {
          const own = below ?? '{ __typename }';
          const abstract = {
            one: `{ __typename ... on Node ${own} }`,
            named: `{ __typename leaf ... on Node ${own} }`,
          };
          const set = name in abstract ? abstract[name as keyof typeof abstract] : isComposite(name) ? own : '';
          return `${alias ? `${alias}${i}: ` : ''}${name} ${condition} ${set}`;
        })
        .join(' ')
        .replace(/^/, '{ echo(text: $text) ')
        .replace(/$/, ' }'),
    ),
})).set;

interface Told {
  readonly message: string;
  readonly path?: readonly (string | number)[] | undefined;
}

const told = (errors: readonly Told[] = []) =>
  errors.map(({ message, path }) => `${message.replace(/ Either the .*/, '')} at ${path?.join('.')}`).sort();

/** Place at which an error shows: its own, or the null above it. */
function shownAt(data: unknown, { path = [] }: Told): string {
  let at = data;
  const shown: (string | number)[] = [];
  for (const step of path) {
    if (at === null) break;
    at = (at as Record<string | number, unknown>)[step];
    shown.push(step);
  }
  return shown.join('.');
}

/**
 * Errors at their own places, and the places that are null for the sake of others. graphql-js tells of these what comes
 * first, and of what is below them what comes before the answer.
 */
const explained = (data: unknown, errors: readonly Told[] = []) => {
  const isOwn = (error: Told) => shownAt(data, error) === error.path?.join('.');
  return [
    told(errors.filter(isOwn)),
    new Set(errors.filter((error) => !isOwn(error)).map((error) => shownAt(data, error))),
  ];
};

test('an answer is that of graphql-js, whatever resolvers do', async () => {
  await fc.assert(
    fc.asyncProperty(
      selection,
      fc.array(act, { minLength: 1, maxLength: 30 }),
      fc.boolean(),
      async (set, acts, yes) => {
        const text = `query ($yes: Boolean!, $text: String) ${set}`;
        const document = parse(text);
        fc.pre(validate(schema, document).length === 0);
        const [operation] = document.definitions;
        if (operation?.kind !== 'OperationDefinition') throw new Error('It is an operation');
        const variables = { yes, ...(acts.length % 2 === 0 && { text: 'some' }) };
        const contextValue: Context = {
          actOf: (path) =>
            acts[[...path].reduce((sum, c) => (sum * 31 + c.charCodeAt(0)) % 9973, 7) % acts.length] as Act,
        };
        const { coerced = {} } = getVariableValues(schema, operation.variableDefinitions ?? [], variables);
        const expected = await execute({ schema, document, variableValues: variables, contextValue });
        const run = compileExecution<Context>(schema, document, operation);
        for (const { data, errors } of [await run(coerced, contextValue), await run(coerced, contextValue)]) {
          expect(JSON.stringify(data)).toBe(JSON.stringify(expected.data));
          expect(explained(data, errors)).toEqual(explained(data, expected.errors));
        }
      },
    ),
    { numRuns: 500 },
  );
});
