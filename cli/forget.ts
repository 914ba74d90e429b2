/**
 * `npm run forget`: takes a person's id out of the history of chats and out of incidents. Without `--yes` it only says
 * where the id stands.
 */
import { Command } from 'commander';
import { forgetInChats, forgetInIncidents, type Place } from '../local/postgres/forgetPerson.ts';
import { readEnvironment } from '../server/settings/config.ts';
import { uuidArgument } from './arguments.ts';
import { endWithOutput } from './standardOutput.ts';
import { findSystem, reportAndExit } from './system.ts';

endWithOutput();

interface Options {
  readonly owner: string;
  readonly yes?: boolean;
}

const program = new Command('npm run forget --')
  .description(
    'Takes a person’s id out of the history in DATABASE_URL, and out of incidents in RECORDER_DATABASE_URL, or else there. With neither set: in the system that runs on DATA_DIR.',
  )
  .requiredOption('--owner <uuid>', 'the person’s id: `sub` of the token, owner of the chats', uuidArgument)
  .option('--yes', 'do it; otherwise it is only said where the id stands')
  .allowExcessArguments(false)
  .exitOverride()
  .action(forget);

async function forget({ owner, yes: isReal = false }: Options): Promise<void> {
  const { DATABASE_URL, RECORDER_DATABASE_URL: ofIncidents } = readEnvironment([
    'DATABASE_URL',
    'RECORDER_DATABASE_URL',
  ]);
  const ofChats = DATABASE_URL ?? (ofIncidents === undefined ? findSystem().databaseUrl : undefined);
  const found = ofChats === undefined ? { places: [], chats: 0 } : await forgetInChats(ofChats, owner, isReal);
  const inIncidents =
    ofIncidents === undefined
      ? await forgetInIncidents(ofChats ?? '', 'DATABASE_URL', owner, isReal)
      : await forgetInIncidents(ofIncidents, 'RECORDER_DATABASE_URL', owner, isReal);
  console.log(report(owner, [...found.places, ...inIncidents], found.chats, isReal));
}

function report(owner: string, places: readonly Place[], chats: number, isReal: boolean): string {
  const somewhere = places.filter(({ count }) => count > 0);
  const lines = somewhere.map(({ what, count }) => `  ${what}: ${count}`);
  const still = `${chats} of its chats are still there. What is noted of them will name the id again: delete them first.`;
  const more = chats > 0 ? [still] : [];
  if (lines.length === 0) return [`The id ${owner} stands nowhere in the history or in incidents.`, ...more].join('\n');
  if (isReal) return [`The id ${owner} was taken out of:`, ...lines, ...more].join('\n');
  return [`The id ${owner} stands in:`, ...lines, ...more, 'Nothing was changed. --yes takes it out.'].join('\n');
}

await program.parseAsync().catch(reportAndExit);
