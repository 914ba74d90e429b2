import { expect, test } from '@jest/globals';
import { readEnvironment } from '../../common/config.ts';
import type { SettingName } from '../../common/settings.ts';

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
