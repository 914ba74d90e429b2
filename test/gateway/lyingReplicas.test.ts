/**
 * Replicas whose well-formed answers none of ours would give: to fill the memory, to be shown, to be taken for another.
 */
import { describe, expect, test } from '@jest/globals';
import { sendJson } from './httpServers.ts';
import { A, B, chatId, routersPerTest } from './routers.ts';

const { servers, router } = routersPerTest();

type Body = Readonly<Record<string, unknown>>;

/** Asks the liar, and a replica that is well, about chats by number. */
async function askBoth(
  selection: string,
  lie: (representations: { chatId: string }[]) => Body,
  chats: [number, string][],
) {
  const answer = (what: typeof lie) =>
    servers.serve((response, { body }) =>
      sendJson(response, 200, what(body.variables.representations as { chatId: string }[])),
    );
  const liar = await answer(lie);
  const well = await answer((asked) => ({ data: { _entities: asked.map((one) => ({ ...one, runners: [] })) } }));
  const { route, newContext } = router({ rows: { [A]: { relayAddress: liar.url }, [B]: { relayAddress: well.url } } });
  const query = `query ($representations: [_Any!]!) { _entities(representations: $representations) { ... on ChatRuntime { reachability { status } ${selection} } } }`;
  const representations = chats.map(([n, workerId]) => ({ __typename: 'ChatRuntime', chatId: chatId(n), workerId }));
  const { data, errors } = await route({ query, variables: { representations } }, newContext());
  const entities = data?._entities ?? [];
  return { entities, errors, statuses: entities.map(({ reachability }) => (reachability as Body).status) };
}

describe('a replica that lies', () => {
  test('a long answer is not copied without end for a chat that is asked for a hundred times', async () => {
    const status = 'x'.repeat(3_000_000);
    const { entities, statuses } = await askBoth(
      'runners { status }',
      (asked) => ({ data: { _entities: asked.map(() => ({ runners: [{ status }] })) } }),
      [...Array.from({ length: 100 }, (): [number, string] => [1, A]), [2, B]],
    );
    expect(JSON.stringify(entities).length).toBeLessThan(10_000_000);
    expect(statuses.slice(-2)).toEqual(['BAD_ANSWER', 'OK']);
  });

  test('its errors are few and short, and are shown at fields that were asked for', async () => {
    const message = 'this is no value '.repeat(1_000);
    const path = ['_entities', 0, 'runners', 3, 'http://10.0.0.1/', 'status'];
    const error = { message, path, extensions: { code: 'BAD_USER_INPUT', stack: 'http://10.0.0.1/' } };
    const { errors, statuses } = await askBoth(
      'runners { status }',
      (asked) => ({ data: { _entities: asked.map(() => ({ runners: [] })) }, errors: Array(20).fill(error) }),
      [
        [1, A],
        [2, B],
      ],
    );
    expect(statuses).toEqual(['OK', 'OK']);
    expect(errors).toHaveLength(20);
    for (const one of errors) {
      expect(one.path).toEqual(['_entities', 0, 'runners', 3]);
      expect(one.message).toHaveLength(500);
    }
    expect(JSON.stringify(errors)).not.toContain('10.0.0.1');
  });

  test('an answer about another chat, or in the name of another replica, is not taken for the one asked about', async () => {
    const { statuses } = await askBoth(
      'id: chatId workerId runners { status }',
      (asked) => ({
        data: {
          _entities: asked.map((one, i) => ({
            ...one,
            id: i === 0 ? chatId(9) : one.chatId.toUpperCase(),
            ...(i === 1 && { workerId: B }),
            runners: [],
          })),
        },
      }),
      [
        [1, A],
        [2, A],
        [3, A],
      ],
    );
    expect(statuses).toEqual(['BAD_ANSWER', 'BAD_ANSWER', 'OK']);
  });
});
