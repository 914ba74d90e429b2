/** Lists hold exactly the chats that a look at each single one gives, whatever indexes they use. */
import { beforeAll, expect, test } from '@jest/globals';
import fc from 'fast-check';
import type { Caller } from '../../../server/tokens/internalToken.ts';
import type { ChatFilter } from '../../../subgraphs/database/chatConditions.ts';
import { databasePerFile } from '../../support/database.ts';
import { belongs, type DrawnChat, filters, fleets, insertFleet, LIMIT_SECONDS, OWNERS } from './support/fleet.ts';
import { OPERATOR, subgraphPerFile, user } from './support/subgraph.ts';

const database = databasePerFile();
const ask = subgraphPerFile(database, {
  staleAfterSeconds: LIMIT_SECONDS,
  noProgressSeconds: LIMIT_SECONDS,
  acquisitionIntervalSeconds: LIMIT_SECONDS,
});

interface Page {
  edges: { node: { chatId: string } }[];
  pageInfo: { hasNextPage: boolean; endCursor: string | null };
}

const QUERY = `query ($filter: ChatFilter, $first: Int, $after: String) {
  chats(filter: $filter, first: $first, after: $after) {
    edges { node { chatId } } pageInfo { hasNextPage endCursor } } }`;

beforeAll(() => database.pool.query(`ALTER TYPE chat_status ADD VALUE 'dreaming' BEFORE 'running'`));

async function walk(filter: ChatFilter, first: number, caller: Caller): Promise<string[]> {
  const ids: string[] = [];
  for (let after: string | null = null; ; ) {
    const { data, errors } = await ask(QUERY, { filter, first, after }, caller);
    expect(errors).toEqual([]);
    const page = data?.chats as Page;
    ids.push(...page.edges.map(({ node }) => node.chatId));
    if (!page.pageInfo.hasNextPage) return ids;
    after = page.pageInfo.endCursor;
  }
}

function expected(drawn: readonly DrawnChat[], filter: ChatFilter, readableOf: string | undefined): string[] {
  const oldestFirst = drawn
    .filter((chat) => belongs(chat, filter) && (readableOf === undefined || chat.ownerId === readableOf))
    .sort((a, b) => b.ageSeconds - a.ageSeconds || (a.id < b.id ? -1 : 1))
    .map(({ id }) => id);
  return filter.suspect ? oldestFirst : oldestFirst.reverse();
}

const callers = fc.option(fc.constantFrom(...OWNERS), { nil: undefined, freq: 2 });
const firsts = fc.integer({ min: 1, max: 20 });

test('a list of suspects, paged by any number, holds exactly the chats that look like trouble, oldest first', async () => {
  const property = fc.asyncProperty(fleets, firsts, callers, async (drawn, first, readableOf) => {
    await insertFleet(database.pool, drawn);
    const filter = { suspect: true };
    const caller = readableOf ? user(readableOf) : OPERATOR;
    expect(await walk(filter, first, caller)).toEqual(expected(drawn, filter, readableOf));
  });
  await fc.assert(property, { numRuns: 25 });
}, 120_000);

test('a list under any filter, paged by any number, holds exactly the chats for which all of it is true', async () => {
  const questions = fc.array(fc.tuple(filters, firsts, callers), { minLength: 12, maxLength: 12 });
  const property = fc.asyncProperty(fleets, questions, async (drawn, asked) => {
    await insertFleet(database.pool, drawn);
    for (const [filter, first, readableOf] of asked) {
      const caller = readableOf ? user(readableOf) : OPERATOR;
      expect([filter, await walk(filter, first, caller)]).toEqual([filter, expected(drawn, filter, readableOf)]);
    }
  });
  await fc.assert(property, { numRuns: 15 });
}, 120_000);
