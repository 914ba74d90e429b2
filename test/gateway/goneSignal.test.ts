/** Facts that an answering process learns of its client. */
import { once } from 'node:events';
import { createServer, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { afterAll, beforeAll, expect, test } from '@jest/globals';
import type { StopSignal } from '../../common/stopSignal.ts';
import { goneSignal } from '../../server/goneSignal.ts';

const server = createServer();
beforeAll(() => once(server.listen(0, '127.0.0.1'), 'listening'));
afterAll(async () => {
  server.close();
  server.closeAllConnections();
  await once(server, 'close');
});

/** One request to a server that holds its answer back. */
async function begin() {
  const client = new AbortController();
  const received = once(server, 'request');
  const answer = fetch(`http://127.0.0.1:${(server.address() as AddressInfo).port}`, { signal: client.signal });
  const [, raw] = (await received) as [unknown, ServerResponse];
  return { raw, answer, leave: () => client.abort(), closed: once(raw, 'close') };
}

function listen(signal: StopSignal) {
  const told: string[] = [];
  const leaving = () => void told.push('who stopped listening');
  signal.addEventListener('abort', leaving);
  signal.addEventListener('abort', () => void told.push('who listens'));
  signal.removeEventListener('abort', leaving);
  return told;
}

test('a client that goes before it has its answer aborts the signal: those who listen are told, and those who ask later', async () => {
  const { raw, answer, leave, closed } = await begin();
  const [signal, unheard] = [goneSignal({ raw }), goneSignal({ raw })];
  const told = listen(signal);
  expect([signal.aborted, told]).toEqual([false, []]);
  leave();
  await expect(answer).rejects.toThrow('aborted');
  await closed;
  expect([signal.aborted, told]).toEqual([true, ['who listens']]);
  expect([unheard.aborted, goneSignal({ raw }).aborted]).toEqual([true, true]);
});

test('an answer that was sent whole aborts nothing', async () => {
  const { raw, answer, closed } = await begin();
  const signal = goneSignal({ raw });
  const told = listen(signal);
  raw.end('here');
  expect(await (await answer).text()).toBe('here');
  await closed;
  expect([signal.aborted, told]).toEqual([false, []]);
});
