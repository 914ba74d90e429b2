/** `npm run migrate`: brings the database of DATABASE_URL up to date, if it is empty or this project's own. */

import { migrate } from '../local/postgres/prepareDatabase.ts';
import { readEnvironment } from '../server/settings/config.ts';
import { reportAndExit } from './system.ts';

try {
  const { DATABASE_URL } = readEnvironment(['DATABASE_URL'], ['DATABASE_URL']);
  const applied = await migrate(DATABASE_URL);
  console.log(applied.length > 0 ? `Applied: ${applied.join(', ')}` : 'Nothing to do: all migrations are applied.');
} catch (error) {
  reportAndExit(error);
}
