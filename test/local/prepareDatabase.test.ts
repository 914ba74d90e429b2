import { inspect } from 'node:util';
import { expect, test } from '@jest/globals';
import { assertMigrated } from '../../local/prepareDatabase.ts';

test.each([
  ['a # in its password', 'postgres://u:s3cr#t@h/db'],
  ['a port that is no number', 'postgres://u:s3cret@h:notaport/x'],
  ['the name of a file that is not there', 'postgres://u:s3cret@h/db?sslcert=/not/there'],
])('a DATABASE_URL with %s is a clear error without the password', async (_what, url) => {
  const error = await assertMigrated(url).catch((refused: unknown) => refused);
  expect(error).toMatchObject({ name: 'StartError' });
  expect((error as Error).message).toContain('Cannot use the database of DATABASE_URL: ');
  expect(inspect(error, { depth: null })).not.toContain('s3cr');
});
