/** `npm run token`: mints a token for local use, or a link that signs in, and prints nothing else on standard output. */
import { Command, InvalidArgumentError } from 'commander';
import { systemClock } from '../common/clock.ts';
import { signCallerToken } from '../local/callerToken.ts';
import { signInLink } from '../local/signInLink.ts';
import { readSystemFile } from '../local/systemFile.ts';
import { readEnvironment, SettingsError } from '../server/settings/config.ts';
import { endWithOutput } from './standardOutput.ts';
import { reportAndExit } from './system.ts';

endWithOutput();

interface Options {
  readonly sub?: string;
  readonly link?: true;
  readonly role: string[];
  readonly expires: number;
}

/**
 * Link to the console of the system that runs on DATA_DIR, for whoever owns that system.
 * @throws SettingsError if none runs, or its gateway gives none
 */
async function linkToConsole(): Promise<string> {
  const { DATA_DIR } = readEnvironment(['DATA_DIR']);
  const system = readSystemFile(DATA_DIR);
  const link = system && (await signInLink(system));
  if (link) return link;
  throw new SettingsError(
    system
      ? `The gateway at ${system.gatewayUrl} gives no link. See whether it runs.`
      : `No system runs on DATA_DIR=${DATA_DIR}. Run \`npm start\` in another terminal.`,
  );
}

/**
 * Secret of the environment, else of the system that runs on DATA_DIR.
 * @throws SettingsError if there is none
 */
function findAuthSecret(): string {
  const { AUTH_SECRET, DATA_DIR } = readEnvironment(['AUTH_SECRET', 'DATA_DIR']);
  const secret = AUTH_SECRET ?? readSystemFile(DATA_DIR)?.authSecret;
  if (secret) return secret;
  throw new SettingsError(
    `No system runs on DATA_DIR=${DATA_DIR}, and AUTH_SECRET is not set. Run \`npm start\` in another terminal, or set AUTH_SECRET.`,
  );
}

function notEmpty(value: string): string {
  if (value.trim() === '') throw new InvalidArgumentError('It must not be empty.');
  return value;
}

function positiveSeconds(value: string): number {
  if (!/^[1-9]\d{0,8}$/.test(value)) throw new InvalidArgumentError('It must be a whole number of seconds, from 1.');
  return Number(value);
}

const program = new Command('npm run token --')
  .description('Prints a token that the gateway accepts: a JWT, HS256 over AUTH_SECRET.')
  .option('--sub <uuid>', 'the user who calls', notEmpty)
  .option('--link', 'prints a link that signs in to the console of the system that runs here, once, within a minute')
  .option(
    '--role <role>',
    'a role of that user, such as chat-debug:read-all; may be given several times',
    (role: string, roles: string[]) => [...roles, notEmpty(role)],
    [],
  )
  .option('--expires <seconds>', 'how long it is good for', positiveSeconds, 3600)
  .allowExcessArguments(false)
  .exitOverride()
  .action(async ({ sub, role, expires, link }: Options) => {
    if (link) return console.log(await linkToConsole());
    if (sub === undefined) return program.error("error: required option '--sub <uuid>' not specified");
    const { AUTH_ISSUER: issuer, AUTH_AUDIENCE: audience } = readEnvironment(['AUTH_ISSUER', 'AUTH_AUDIENCE']);
    const claims = { sub, roles: role, lifetimeSeconds: expires, issuer, audience };
    console.log(await signCallerToken(findAuthSecret(), claims, systemClock.now()));
  });

await program.parseAsync().catch(reportAndExit);
