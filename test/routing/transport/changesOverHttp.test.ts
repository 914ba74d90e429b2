/** Following of changes over HTTP: chats that could not be told are told again. */
import type { ServerResponse } from 'node:http';
import { afterEach, expect, jest, test } from '@jest/globals';
import { systemClock as clock } from '../../../common/clock.ts';
import { followOverHttp } from '../../../routing/transport/changesOverHttp.ts';
import type { Following } from '../../../server/chatChanges.ts';
import { serversPerTest } from '../../gateway/httpServers.ts';
import { until } from '../../support/until.ts';

jest.setTimeout(60_000);

const servers = serversPerTest();
const CHATS = ['16a224d7-672f-4bc5-8d12-67b46b980623'];
const IDS = ['00000000-0000-4000-8000-000000000001', '00000000-0000-4000-8000-000000000002'];
let following: Following | undefined;
afterEach(() => following?.stop());

/** Follows a server that opens one stream after another, and leaves each message to `take`. */
async function follow(take: (response: ServerResponse) => void) {
  const streams: ServerResponse[] = [];
  const server = await servers.serve((response, { method }) => {
    if (method !== 'GET') return take(response);
    response.writeHead(200, { 'content-type': 'application/x-ndjson' });
    response.write(`${JSON.stringify({ id: IDS[streams.length] })}\n`);
    streams.push(response);
  });
  const url = new URL(`${server.url}/graphql`);
  following = followOverHttp(
    { url, internalSecret: 'a secret for this test alone, long enough', audience: 'database', clock },
    { changed: () => {}, connected: () => {} },
  );
  following.setChats(CHATS);
  return {
    streams,
    messages: () =>
      server.received.filter(({ method }) => method === 'POST').map(({ url: path, body }) => ({ path, body })),
  };
}
const message = (id: string | undefined) => ({ path: `/changes/${id}`, body: { chatIds: CHATS } });

test.each<[string, (response: ServerResponse) => void]>([
  ['refused', (response) => response.writeHead(503).end()],
  ['redirected', (response) => response.writeHead(302, { location: '/' }).end()],
  ['cut off', (response) => response.destroy()],
  ['not answered', () => {}],
])('a message that is %s is sent again on the same connection, and once more is enough', async (_what, fail) => {
  let taken = 0;
  const { streams, messages } = await follow((response) => {
    if (messages().length === 1) return fail(response);
    taken += 1;
    response.writeHead(204).end();
  });
  await until('it is taken', () => taken === 1);
  following?.setChats(CHATS); // comes after whatever is sent of the first message
  await until('the next one is taken', () => taken === 2);
  expect(messages()).toEqual([message(IDS[0]), message(IDS[0]), message(IDS[0])]);
  expect(streams).toHaveLength(1);
});

test('a message of a connection that is lost meanwhile is sent to the next one', async () => {
  let held: ServerResponse | undefined;
  const { streams, messages } = await follow((response) => {
    if (held) return response.writeHead(204).end();
    held = response;
    streams[0]?.end();
    return undefined;
  });
  await until('there is another connection', () => streams.length === 2);
  held?.destroy();
  await until('the chats are told', () => messages().length === 2);
  expect(messages()).toEqual([message(IDS[0]), message(IDS[1])]);
});
