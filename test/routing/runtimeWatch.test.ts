/** Replicas of a platform without a runtime half: none is asked, by setting or once it is found. */
import { describe, expect, test } from '@jest/globals';
import { makeRuntimeWatch } from '../../routing/runtimeWatch.ts';
import { makeLogger } from '../../server/log.ts';
import { A, B, routersPerTest, statuses } from '../gateway/routers.ts';

const { answering, asker } = routersPerTest();
const log = makeLogger('test', 'silent');
const CHATS: [number, string][] = [
  [1, A],
  [2, B],
];

test.each([
  ['by setting', { platform: 'coder' }],
  ['by what the first look-up of the replicas finds', { found: 'coder' }],
])('no replica is sent anything %s, the first time and later', async (_how, options) => {
  const server = await answering();
  const ask = asker({ rows: { [A]: { relayAddress: server.url } }, ...options });
  for (let i = 0; i < 2; i += 1) {
    const { entities, errors, asked } = await ask(CHATS);
    expect(statuses(entities)).toEqual(['NOT_ASKED', 'NOT_ASKED']);
    expect(entities[0]?.reachability.reason).toBe('Replicas of this platform cannot be asked; nothing was sent.');
    expect({ errors, asked }).toEqual({ errors: [], asked: [] });
  }
  expect(server.received).toEqual([]);
});

test('replicas are asked where the platform is this project’s, or not known', async () => {
  const server = await answering();
  for (const options of [{ found: 'own' }, {}, { found: 'coder', platform: 'own' }]) {
    const { entities } = await asker({ rows: { [A]: { relayAddress: server.url } }, ...options })([[1, A]]);
    expect(statuses(entities)).toEqual(['OK']);
  }
});

describe('what is found', () => {
  test('may come to be otherwise, and is as it was while nothing can be told', () => {
    const watch = makeRuntimeWatch({ isDisabled: false, platform: 'auto', log });
    expect(watch.notAsked()).toBeUndefined();
    watch.found('coder');
    watch.found(undefined);
    expect(watch.notAsked()).toMatchObject({ isFound: true });
    watch.found('own');
    expect(watch.notAsked()).toBeUndefined();
  });

  test('changes nothing that is set', () => {
    const watch = makeRuntimeWatch({ isDisabled: false, platform: 'coder', log });
    watch.found('own');
    expect(watch.notAsked()).toMatchObject({ isFound: false });
    const disabled = makeRuntimeWatch({ isDisabled: true, platform: 'auto', log });
    disabled.found('own');
    expect(disabled.notAsked()).toMatchObject({ isFound: false });
  });
});
