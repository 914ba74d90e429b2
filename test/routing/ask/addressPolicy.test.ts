import type { LookupAddress, LookupOptions, lookup } from 'node:dns';
import { describe, expect, test } from '@jest/globals';
import { pino } from 'pino';
import { guardedLookup, makeAddressPolicy } from '../../../routing/ask/addressPolicy.ts';
import { readEnvironment } from '../../../server/settings/config.ts';
import { A, routersPerTest, statuses } from '../../gateway/routers.ts';

const { asker, answering } = routersPerTest();

describe('an address', () => {
  test.each([
    ['10.1.2.3', ['10.0.0.0/8'], true],
    ['11.1.2.3', ['10.0.0.0/8'], false],
    ['10.1.2.3', ['11.0.0.0/8', '10.1.2.3'], true],
    ['10.1.2.4', ['10.1.2.3'], false],
    ['::ffff:10.1.2.3', ['10.0.0.0/8'], true],
    ['::ffff:a01:203', ['10.0.0.0/8'], true],
    ['::ffff:169.254.169.254', ['10.0.0.0/8', '::/64', 'fd00::/8'], false],
    ['10.1.2.3', ['::ffff:10.0.0.0/104'], true],
    ['11.1.2.3', ['::ffff:10.0.0.0/104'], false],
    ['fd00::1', ['fd00::/8'], true],
    ['fe80::1', ['fd00::/8', '0.0.0.0/0'], false],
    ['10.1.2.3', ['::/0'], false],
    ['127.0.0.1', [], false],
    ['no address', ['0.0.0.0/0', '::/0'], false],
    ['10.1.2.3', ['.3', '10.1.2'], false],
  ])('%s, with %j allowed: %s', (address, rules, expected) => {
    expect(makeAddressPolicy(rules).allowsAddress(address)).toBe(expected);
  });
});

describe('a host', () => {
  test.each([
    ['a.example.internal', ['.example.internal'], true],
    ['A.Example.Internal.', ['.example.internal'], true],
    ['example.internal', ['example.internal'], true],
    ['evil-example.internal', ['example.internal'], false],
    ['example.internal.evil', ['example.internal'], false],
    ['a.pod.cluster.local', ['.svc.cluster.local', '.pod.cluster.local'], true],
    ['10.0.0.1', ['0.0.0.0/0'], false],
  ])('%s, with %j allowed: %s', (host, rules, expected) => {
    expect(makeAddressPolicy(rules).allowsName(host)).toBe(expected);
  });
});

describe('the setting', () => {
  const read = (REPLICA_ADDRESS_ALLOW: string) =>
    readEnvironment(['REPLICA_ADDRESS_ALLOW'], [], [], { REPLICA_ADDRESS_ALLOW }).REPLICA_ADDRESS_ALLOW;
  test('takes networks, addresses and suffixes', () => {
    expect(read('10.0.0.0/8, ::1, .example.internal,localhost')).toHaveLength(4);
  });
  test.each(['10.0.0.0/33', '10.0.0/8', '300.1.1.1', 'http://host', '10.0.0.0/8/8', '*', 'a b', '::/129', '1', '/8'])(
    'refuses %s',
    (rule) => {
      expect(() => read(`127.0.0.1,${rule}`)).toThrow('REPLICA_ADDRESS_ALLOW: every part must be');
    },
  );
});

describe('a name', () => {
  /** Looks up a name that has these addresses. */
  const resolve = (addresses: string[], options: LookupOptions, allow = ['10.0.0.0/8']) =>
    new Promise((done) => {
      const found = addresses.map((address) => ({ address, family: address.includes(':') ? 6 : 4 }));
      const answer = (_: string, __: unknown, callback: (error: null, all: LookupAddress[]) => void) =>
        callback(null, found);
      const guarded = guardedLookup(makeAddressPolicy(allow), answer as unknown as typeof lookup);
      guarded('a.name', options, (error, address, family) => done(error ? error.code : [address, family]));
    });

  test('is connected to at those of its addresses that are allowed, and at no other', async () => {
    expect(await resolve(['169.254.169.254', '10.0.0.7', '::1'], { all: true })).toEqual([
      [{ address: '10.0.0.7', family: 4 }],
      undefined,
    ]);
    expect(await resolve(['169.254.169.254', '10.0.0.7'], {})).toEqual(['10.0.0.7', 4]);
    expect(await resolve(['169.254.169.254', '::ffff:7f00:1'], { all: true })).toBe('ADDRESS_NOT_ALLOWED');
    expect(await resolve([], {})).toBe('ADDRESS_NOT_ALLOWED');
  });

  test('is judged by what it resolves to when it is connected to: localhost is a loopback address', async () => {
    const server = await answering();
    const relayAddress = server.url.replace('127.0.0.1', 'localhost');
    const allowed = asker({ rows: { [A]: { relayAddress } }, addressAllow: ['127.0.0.1', '::1'] });
    expect(statuses((await allowed([[1, A]])).entities)).toEqual(['OK']);
    const refused = asker({ rows: { [A]: { relayAddress } }, addressAllow: ['10.0.0.0/8'] });
    expect(statuses((await refused([[1, A]])).entities)).toEqual(['UNREACHABLE']);
    const byName = asker({ rows: { [A]: { relayAddress } }, addressAllow: ['localhost'] });
    expect(statuses((await byName([[1, A]])).entities)).toEqual(['OK']);
    expect(server.received).toHaveLength(2);
  });
});

test('at an address that is not allowed nothing is sent, the reason holds none, and the log names the replica once', async () => {
  const server = await answering();
  const lines: string[] = [];
  const log = pino({ level: 'error' }, { write: (line: string) => lines.push(line) });
  const mapped = server.url.replace('127.0.0.1', '[::ffff:127.0.0.1]');
  for (const relayAddress of [server.url, mapped, server.url.replace('127.0.0.1', '0x7f.1')]) {
    const ask = asker({ rows: { [A]: { relayAddress } }, addressAllow: ['10.0.0.0/8'], log });
    for (let i = 0; i < 6; i += 1) {
      const { entities, errors } = await ask([[1, A]]);
      expect(entities[0]?.reachability).toMatchObject({
        ...{ status: 'UNREACHABLE', elapsedMs: 0 },
        reason: 'Its address is not one that replicas may be asked at; nothing was sent.',
      });
      expect(errors.map(({ code }) => code)).toEqual(['REPLICA_UNREACHABLE']);
    }
    expect(lines.splice(0).map((line) => JSON.parse(line).replicaId)).toEqual([A]);
  }
  expect(server.received).toEqual([]);
});

test('an address with a user or a password in it is refused', async () => {
  const server = await answering();
  for (const user of ['user@', 'user:s3cret@', ':s3cret@']) {
    const relayAddress = server.url.replace('//', `//${user}`);
    const { entities } = await asker({ rows: { [A]: { relayAddress } } })([[1, A]]);
    expect(entities[0]?.reachability).toMatchObject({ status: 'UNREACHABLE', elapsedMs: 0 });
    expect(entities[0]?.reachability.reason).not.toContain('s3cret');
  }
  expect(server.received).toEqual([]);
});
