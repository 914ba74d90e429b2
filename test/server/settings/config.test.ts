import { expect, test } from '@jest/globals';
import { readEnvironment, SettingsError } from '../../../server/settings/config.ts';
import type { SettingName } from '../../../server/settings/settings.ts';

test.each<[SettingName, string, string]>([
  ['RELAY_ADDRESS', 'ftp://user:s3cret@host/path', 'ftp://…@host/path'],
  ['RELAY_ADDRESS', 'http://user:s3cret/with@signs@host:no', 'http://…@host:no'],
  ['RELAY_ADDRESS', 'user:s3cret@host', '…@host'],
  ['DATABASE_SUBGRAPH_URL', 'http:user:s3cret@host', '…@host'],
  ['MODEL', 'openai-compatible:m@ftp://user:s3cret@host', 'openai-compatible:m@ftp://…@host'],
  ['MODEL', 'openai-compatible:m@https://user:s3cret with a space@host', 'openai-compatible:m@https://…@host'],
  ['MODEL', 'openai-compatible:m@ftp://host', 'openai-compatible:m@ftp://host'],
])('a %s that is refused is shown without user and password: %s', (name, received, shown) => {
  expect(() => readEnvironment([name], [], [], { [name]: received })).toThrow(`Received ${JSON.stringify(shown)}.`);
});

test.each<SettingName>(['DATABASE_URL', 'INTERNAL_SECRET', 'AUTH_SECRET'])(
  'a %s that is refused is not shown',
  (name) => {
    expect(() => readEnvironment([name], [], [], { [name]: 's3cret' })).toThrow(
      /^(?!.*s3cret).*a value not shown here/s,
    );
  },
);

test('a URL of public keys with a password in it is refused: no client would send it, and an error of one would show it', () => {
  const received = 'https://user:s3cret@id.example/jwks.json';
  expect(() => readEnvironment(['AUTH_JWKS_URL'], [], [], { AUTH_JWKS_URL: received })).toThrow(
    'AUTH_JWKS_URL: must be without user and password. Received "https://…@id.example/jwks.json".',
  );
  expect(() => readEnvironment(['AUTH_JWKS_URL'], [], [], { AUTH_JWKS_URL: 'nonsense' })).toThrow('http or https URL');
});

test.each<[SettingName, string, string]>([
  ['CAPACITY_ROOT', '-1', 'must be a whole number of at least 1'],
  ['CAPACITY_SUBAGENTS', '1.5', 'must be a whole number of at least 1'],
  ['MAX_COST', 'many', 'must be a whole number of at least 1'],
  ['RATE_LIMIT_PER_MINUTE', '-1', 'must be a whole number of at least 0'],
  ['PORT', '65536', 'must be a whole number from 0 to 65535'],
  ['HEARTBEAT_STALE_SECONDS', '0', 'must be a number of seconds above 0 and up to 86400'],
])('a %s of %s is refused in one sentence', (name, received, words) => {
  expect(() => readEnvironment([name], [], [], { [name]: received })).toThrow(
    new SettingsError(`Cannot start, the settings are wrong:\n  ${name}: ${words}. Received "${received}".`),
  );
});

test.each([
  'postgres://reader:p@ss/w#rd@host:5432/coder',
  'postgres://reader:p/ss@host:5432/coder',
  'postgres://reader:12/34@host:5432/coder',
  'postgres://reader:p?ss@host:5432/coder',
  'postgres://reader:p#ss@host:5432/coder',
  'postgres://reader:p%ss@host:5432/coder',
])('a password that is not percent-encoded is said to be that: %s', (url) => {
  expect(() => readEnvironment(['DATABASE_URL'], [], [], { DATABASE_URL: url })).toThrow(
    /DATABASE_URL: is no URL that can be used: its user and password must be percent-encoded[^\n]*value not shown here\.$/,
  );
});

test.each([
  'postgres://reader:p%40ss%2Fw%23rd@host:5432/coder?sslmode=verify-full',
  'postgres://reader@server:secret@host/coder',
  'postgresql:///coder?host=/var/run/postgresql',
  'postgres://host:5432/coder?user=reader@server',
  'postgres://reader:secret@[::1]:5432/coder?options=-c%20search_path%3Dcoder',
])('a URL that can be used is taken: %s', (url) => {
  expect(readEnvironment(['DATABASE_URL'], [], [], { DATABASE_URL: url })).toEqual({ DATABASE_URL: url });
});
