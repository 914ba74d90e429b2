/**
 * `npm run check`: compares a database with what this project reads, and lists what is not answered and which indexes
 * are missing. It changes nothing.
 */
import { Command, CommanderError } from 'commander';
import { readEnvironment, SettingsError, settingsGiven } from '../server/settings/config.ts';
import { databaseUrlProblem } from '../server/settings/databaseUrl.ts';
import { PLATFORM_SETTINGS, platformSettings } from '../subgraphs/database/platformSettings.ts';
import { examine } from './check/examined.ts';
import { type Report, reportOf } from './check/report.ts';
import { fitted, linesOf } from './check/text.ts';
import { databaseSentence } from './databaseTrouble.ts';
import { printableJson } from './printable.ts';
import { endWithOutput } from './standardOutput.ts';

endWithOutput();

interface Options {
  readonly database?: string;
  readonly json?: true;
}

const CODES: Readonly<Record<Report['answers'], number>> = { ALL: 0, IN_PART: 1, NOT_AT_ALL: 2 };

const program = new Command('npm run check --')
  .description('Says what a database has of what this project reads. Changes nothing.')
  .option('--database <url>', 'the database (default: DATABASE_URL, which no process list shows)')
  .option('--json', 'the report as JSON')
  .allowExcessArguments(false)
  .addHelpText(
    'after',
    '\nEnds with 0 when everything can be answered, 1 when not everything, or when\nsomething is to be corrected, and 2 when the database cannot be used, or could\nnot be asked, or not like this.',
  )
  .exitOverride()
  .action(check);

async function check({ database, json }: Options): Promise<void> {
  const settings = readEnvironment(['DATABASE_URL', 'DATABASE_TIMEOUT_MS', ...PLATFORM_SETTINGS]);
  const url = database === undefined ? settings.DATABASE_URL : checkedUrl(database);
  if (url === undefined) throw new SettingsError('Name a database: `--database postgres://…`, or DATABASE_URL.');
  const ofPlatform = platformSettings(settings, settingsGiven(PLATFORM_SETTINGS));
  const report = reportOf(await examine(url, settings.DATABASE_TIMEOUT_MS, ofPlatform));
  console.log(json ? printableJson(JSON.stringify(report, undefined, 2)) : linesOf(report).join('\n'));
  process.exitCode = Math.max(CODES[report.answers], report.toCorrect.length > 0 ? CODES.IN_PART : 0);
}

/**
 * Checks the URL. Errors do not repeat it, because it may hold a password.
 * @throws SettingsError
 */
function checkedUrl(url: string): string {
  const problem = databaseUrlProblem(url);
  if (problem === undefined) return url;
  throw new SettingsError(`\`--database\` ${problem}.`);
}

await program.parseAsync().catch((error: unknown) => {
  process.exitCode = error instanceof CommanderError && error.exitCode === 0 ? 0 : 2;
  if (error instanceof CommanderError) return; // commander has said what was wrong
  console.error(fitted(databaseSentence(error) ?? sentenceOf(error)));
});

/** Sentence for an error. A foreign one is not repeated, because a driver's may hold the URL. */
function sentenceOf(error: unknown): string {
  const isOurs = error instanceof SettingsError || (error instanceof Error && error.name === 'GraphQLError');
  return isOurs ? error.message : 'The database could not be asked. Correct the URL, or try again.';
}
