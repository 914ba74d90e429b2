import { inspect } from 'node:util';
import { expect, test } from '@jest/globals';
import { prepareGiven, withoutSecrets } from '../../../local/postgres/prepareDatabase.ts';

test.each([
  ['a # in its password', 'postgres://u:s3cr#t@h/db'],
  ['a port that is no number', 'postgres://u:s3cret@h:notaport/x'],
  ['the name of a file that is not there', 'postgres://u:s3cret@h/db?sslcert=/not/there'],
])('a DATABASE_URL with %s is a clear error without the password', async (_what, url) => {
  const error = await prepareGiven(url, false).catch((refused: unknown) => refused);
  expect(error).toMatchObject({ name: 'StartError' });
  expect((error as Error).message).toContain('Cannot use the database of DATABASE_URL: ');
  expect(inspect(error, { depth: null })).not.toContain('s3cr');
});

test.each([
  ['postgres://u:s3cret@h:5433/db', 'postgres://u:***@h:5433/db'],
  ['postgresql://u@h/db', 'postgresql://u@h/db'],
  ['postgres://h/db?password=s3cret&sslmode=require', 'postgres://h/db?password=***&sslmode=require'],
  ["postgres://u:s3'cret@h/d'b", 'postgres://u:***@h/d%27b'],
])('%s is shown with its host and database, and without its password', (url, shown) => {
  expect(withoutSecrets(url)).toBe(shown);
});
