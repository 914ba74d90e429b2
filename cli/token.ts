/** `npm run token`: mints a token for local use, and prints nothing else on standard output. */
import { Command, InvalidArgumentError } from 'commander';
import { systemClock } from '../common/clock.ts';
import { signCallerToken } from '../local/callerToken.ts';
import { readSystemFile } from '../local/systemFile.ts';
import { readEnvironment, SettingsError } from '../server/settings/config.ts';
import { reportAndExit } from './system.ts';

interface Options {
  readonly sub: string;
  readonly role: string[];
  readonly expires: number;
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
  .requiredOption('--sub <uuid>', 'the user who calls', notEmpty)
  .option(
    '--role <role>',
    'a role of that user, such as chat-debug:read-all; may be given several times',
    (role: string, roles: string[]) => [...roles, notEmpty(role)],
    [],
  )
  .option('--expires <seconds>', 'how long it is good for', positiveSeconds, 3600)
  .allowExcessArguments(false)
  .exitOverride()
  .action(async ({ sub, role, expires }: Options) => {
    const { AUTH_ISSUER: issuer, AUTH_AUDIENCE: audience } = readEnvironment(['AUTH_ISSUER', 'AUTH_AUDIENCE']);
    const claims = { sub, roles: role, lifetimeSeconds: expires, issuer, audience };
    console.log(await signCallerToken(findAuthSecret(), claims, systemClock.now()));
  });

await program.parseAsync().catch(reportAndExit);
