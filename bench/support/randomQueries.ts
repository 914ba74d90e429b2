/**
 * Random queries over a schema, mostly valid: fields, aliases, fragments, conditions, lists and variables in any
 * mixture.
 */
import fc from 'fast-check';
import { type GraphQLNamedType, type GraphQLObjectType, type GraphQLSchema, getNamedType, isObjectType } from 'graphql';

const SOME_ID = 'cccccccc-0000-4000-8000-000000000001';
const ARGUMENTS: Readonly<Record<string, readonly string[]>> = {
  chatDebugSnapshot: [`(chatId: "${SOME_ID}")`, '(chatId: $id)'],
  chatDebugSnapshots: ['(chatIds: $ids)', `(chatIds: ["${SOME_ID}"])`],
  chats: ['(first: 100)', '', '(first: 1, filter: { suspect: true })'],
  replica: [`(id: "${SOME_ID}")`, '(id: $id)'],
  __type: ['(name: "Query")'],
};
const CONDITIONS = ['', '', '', ' @include(if: true)', ' @skip(if: $no)', ' @include(if: $yes)'];

export const RANDOM_VARIABLES = { id: SOME_ID, ids: Array.from({ length: 100 }, () => SOME_ID), yes: true, no: false };

/** Makes queries of at most `characters` characters; the same for the same seed. */
export function randomQueries(schema: GraphQLSchema, seed: number, count: number, characters: number): string[] {
  const entropy = fc.record({
    draws: fc.infiniteStream(fc.nat({ max: 2 ** 30 })),
    selections: fc.integer({ min: 20, max: 1_000 }),
    aliased: fc.constantFrom(0, 5, 30),
    conditional: fc.constantFrom(0, 0, 5),
  });
  return fc.sample(entropy, { seed, numRuns: count }).map(({ draws, selections, aliased, conditional }) => {
    const draw = (below: number) => Number(draws.next().value) % below;
    return makeQuery(schema, characters, { draw, selections, aliased, conditional });
  });
}

interface Choices {
  /** Draws from 0 up to, not including, `below`. */
  readonly draw: (below: number) => number;
  /** Number of selections allowed. */
  readonly selections: number;
  /** Share of aliased fields in 100. */
  readonly aliased: number;
  /** Share of conditional selections in 100. */
  readonly conditional: number;
}

function makeQuery(schema: GraphQLSchema, characters: number, choices: Choices): string {
  const { draw } = choices;
  let left = choices.selections;
  let room = characters - 200;
  const fragments: string[] = [];
  const write = (text: string) => {
    room -= text.length + 1;
    return text;
  };
  const condition = () => (draw(100) < choices.conditional ? (CONDITIONS[draw(CONDITIONS.length)] ?? '') : '');

  const field = (type: GraphQLObjectType, depth: number): string => {
    const isRoot = type === schema.getQueryType();
    const fields = Object.values(type.getFields());
    const chosen = fields[draw(fields.length)];
    if (!chosen || (isRoot && draw(30) === 0)) return write(`__typename${condition()}`);
    const below = getNamedType(chosen.type);
    if (isObjectType(below) && depth > 8) return write('__typename');
    const alias = draw(100) < choices.aliased ? `a${draw(1_000)}: ` : '';
    const given = ARGUMENTS[chosen.name];
    const head = write(`${alias}${chosen.name}${given ? given[draw(given.length)] : ''}${condition()}`);
    return isObjectType(below) ? `${head} ${set(below, depth + 1)}` : head;
  };

  const set = (type: GraphQLNamedType, depth: number): string => {
    if (!isObjectType(type)) return '';
    const parts: string[] = [];
    for (let more = 1 + draw(12); more > 0 && left > 0 && room > 100; more -= 1) {
      left -= 1;
      const kind = draw(20);
      if (kind === 0 && depth < 12) parts.push(write(`...${condition()} ${set(type, depth + 1)}`));
      else if (kind === 1 && depth < 12 && fragments.length < 40) parts.push(spread(type, depth));
      else parts.push(field(type, depth));
    }
    return `{ ${parts.join(' ') || '__typename'} }`;
  };

  const spread = (type: GraphQLObjectType, depth: number): string => {
    const name = `F${fragments.length}`;
    fragments.push('');
    const body = write(`fragment ${name} on ${type.name} ${set(type, depth + 1)}`);
    fragments[Number(name.slice(1))] = body;
    return write(`...${name}`);
  };

  const query = schema.getQueryType();
  const roots: string[] = [];
  while (query && left > 0 && room > 200 && roots.length < 60) {
    left -= 1;
    roots.push(field(query, 1));
  }
  const variables = '($id: UUID!, $ids: [UUID!]!, $yes: Boolean!, $no: Boolean!)';
  const text = `{ u: chatDebugSnapshot(chatId: $id) { chatId @include(if: $yes) @skip(if: $no) } v: chatDebugSnapshots(chatIds: $ids) { chatId } ${roots.join(' ')} }`;
  return `query ${variables} ${text} ${fragments.join(' ')}`;
}
