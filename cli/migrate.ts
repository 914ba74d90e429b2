/**
 * `npm run migrate`: makes the tables of chats in DATABASE_URL, if it is empty or this project's own. It makes those of
 * incidents in RECORDER_DATABASE_URL, or there. With RECORDER_DATABASE_URL alone it makes only these.
 */

import { migrate, migrateRecorder } from '../local/postgres/prepareDatabase.ts';
import { readEnvironment, settingsGiven } from '../server/settings/config.ts';
import { endWithOutput } from './standardOutput.ts';
import { reportAndExit } from './system.ts';

endWithOutput();

const NAMES = ['DATABASE_URL', 'RECORDER_DATABASE_URL'] as const;

try {
  const [incidentsAlone] = settingsGiven(['RECORDER_DATABASE_URL']);
  const settings = readEnvironment(NAMES, incidentsAlone ? [] : ['DATABASE_URL']);
  const { DATABASE_URL: ofChats, RECORDER_DATABASE_URL: ofIncidents } = settings;
  const applied = ofChats === undefined ? [] : await migrate(ofChats);
  if (ofIncidents !== undefined) applied.push(...(await migrateRecorder(ofIncidents, 'RECORDER_DATABASE_URL')));
  else if (ofChats !== undefined) applied.push(...(await migrateRecorder(ofChats, 'DATABASE_URL')));
  console.log(applied.length > 0 ? `Applied: ${applied.join(', ')}` : 'Nothing to do: all migrations are applied.');
} catch (error) {
  reportAndExit(error);
}
