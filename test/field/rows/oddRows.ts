/**
 * Values that a column can hold and that no present writer writes. Each costs only itself, and neither the list nor the
 * commands.
 */
import { randomUUID } from 'node:crypto';
import { describe, expect, test } from '@jest/globals';
import { insertChat } from '../../subgraphs/database/support/rows.ts';
import type { Field } from '../support/field.ts';

interface Listed {
  readonly chats: { readonly edges: { readonly node: { readonly chatId: string } }[] } | null;
}

/** Changes of a chat's row, as SQL. */
const ODD: readonly (readonly [name: string, change: string, verdict: string])[] = [
  [
    'a version beyond what numbers can say',
    'snapshot_version = 9223372036854775000, history_version = 9223372036854775000',
    'IDLE',
  ],
  ['attempts beyond it', 'generation_attempt = 9007199254740993', 'IDLE'],
  ['never changed', `updated_at = '-infinity'`, 'IDLE'],
  ['changed for ever', `updated_at = 'infinity', created_at = 'infinity'`, 'IDLE'],
  ['changed before our era', `updated_at = '4713-01-01 00:00:00+00 BC'`, 'IDLE'],
  ['changed in the year 294276', `updated_at = '294276-12-31 23:59:59+00'`, 'IDLE'],
  ['an error that is a text', `status = 'error', last_error = '"it failed"'`, 'FAILED'],
  ['an error that is a list', `status = 'error', last_error = '[1, 2, 3]'`, 'FAILED'],
  [
    'an error with members of other forms',
    `status = 'error', last_error = '{"kind": 7, "message": {}, "retryable": "no"}'`,
    'FAILED',
  ],
  ['a retry at no moment', `retry_state = '{"attempt": "two", "retrying_at": "soon"}'`, 'IDLE'],
  ['a retry at a number', `retry_state = '{"attempt": 2, "retrying_at": 1764547200000}'`, 'IDLE'],
  ['a retry at infinity', `retry_state = '{"attempt": 2, "retrying_at": "infinity"}'`, 'IDLE'],
  ['a retry state that is null in JSON', `retry_state = 'null', last_error = 'null'`, 'IDLE'],
  ['a title of 300,000 letters', `title = repeat('long ', 60000)`, 'IDLE'],
];

export function oddRows(field: Field): void {
  describe('a row with', () => {
    test.each(ODD)(
      '%s: its neighbours are whole, in the list and page by page, and it is diagnosed',
      async (_name, change, verdict) => {
        const ownerId = randomUUID();
        const rows = { owner_id: ownerId, title: 'a neighbour' };
        const [before, odd, after] = [
          await insertChat(field.pool, { ...rows, updated_at: `now() - interval '3 days'` }),
          await insertChat(field.pool, { ...rows, updated_at: `now() - interval '2 days'` }),
          await insertChat(field.pool, { ...rows, updated_at: `now() - interval '1 day'` }),
        ];
        await field.pool.query(`UPDATE chats SET ${change} WHERE id = $1`, [odd]);
        const query = `query ($owner: UUID!, $after: String, $first: Int) {
        chats(filter: { ownerId: $owner }, first: $first, after: $after) {
          edges { node { chatId executionState database { updatedAgeSeconds lastError retryState } diagnosis { verdict } } }
          pageInfo { endCursor hasNextPage } } }`;
        const all = await field.ask<Listed>(query, { owner: ownerId, first: 10 });
        expect(all.data?.chats?.edges.map(({ node }) => node.chatId).sort()).toEqual([before, odd, after].sort());
        for (const { path } of all.errors) expect(path?.join('.')).toMatch(/^chats\.edges\.\d\.node\.database\./);

        const pages: string[] = [];
        let cursor: string | null = null;
        for (let page = 0; page < 3; page += 1) {
          const { data }: { data: (Listed & { chats: { pageInfo: { endCursor: string } } }) | undefined } =
            await field.ask(query, { owner: ownerId, first: 1, after: cursor });
          pages.push(data?.chats?.edges[0]?.node.chatId ?? 'none');
          cursor = data?.chats?.pageInfo.endCursor ?? null;
        }
        expect(pages.sort()).toEqual([before, odd, after].sort());

        const diagnosed = await field.diagnose(odd);
        expect(diagnosed.verdict).toBe(verdict);
      },
    );
  });
  test('beside all of those rows the commands work, and each of them can be asked about', async () => {
    const ownerId = randomUUID();
    const ids = await Promise.all(ODD.map(() => insertChat(field.pool, { owner_id: ownerId, title: 'odd' })));
    for (const [place, [, change]] of ODD.entries()) {
      await field.pool.query(`UPDATE chats SET ${change} WHERE id = $1`, [ids[place]]);
    }
    const list = await field.chatCommand('list', '--owner', ownerId);
    expect({ code: list.code, listed: ids.filter((id) => list.stdout.includes(id)) }).toEqual({ code: 0, listed: ids });
    const outputs = await inTurns(ids, (id) => field.chatDebug('why', id));
    expect(outputs.map(({ stderr }) => stderr)).toEqual(ids.map(() => ''));
    expect(ids.filter((id, place) => outputs[place]?.stdout.includes(id))).toEqual(ids);
  });
}

/** A few at once: each is a process of its own. */
async function inTurns<T, U>(all: readonly T[], work: (one: T) => Promise<U>): Promise<U[]> {
  const done: U[] = [];
  for (let place = 0; place < all.length; place += 4)
    done.push(...(await Promise.all(all.slice(place, place + 4).map(work))));
  return done;
}
