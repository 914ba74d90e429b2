/** Which system a command works with: the one that the environment names, else the one that runs on DATA_DIR. */
import { CommanderError } from 'commander';
import { readEnvironment, SettingsError } from '../common/config.ts';
import { readSystemFile } from '../local/systemFile.ts';

export interface System {
  readonly databaseUrl: string;
  /** Unset: streams cannot be read. */
  readonly internalSecret: string | undefined;
  /** The user of the token that `npm start` printed. */
  readonly ownerId: string | undefined;
}

/** @throws SettingsError if there is none */
export function findSystem(): System {
  const { DATABASE_URL, DATA_DIR, INTERNAL_SECRET } = readEnvironment(['DATABASE_URL', 'DATA_DIR', 'INTERNAL_SECRET']);
  const running = readSystemFile(DATA_DIR);
  if (DATABASE_URL && DATABASE_URL !== running?.databaseUrl) {
    return { databaseUrl: DATABASE_URL, internalSecret: INTERNAL_SECRET, ownerId: undefined };
  }
  if (running) return running;
  throw new SettingsError(
    `No system runs on DATA_DIR=${DATA_DIR}, and DATABASE_URL is not set. Run \`npm start\` in another terminal, or set DATABASE_URL.`,
  );
}

/** What a person reads for an error of Node or Postgres that says too little by itself. */
const SENTENCES: Readonly<Record<string, string>> = {
  ECONNREFUSED: 'The database does not answer. Is the system running?',
  '55P03':
    'Another session holds the chat and does not let go of it. Nothing was changed. Try again once it has ended.',
  '25006': 'The database takes no writes at the moment. Nothing was changed.',
};

/** Ends a command that failed: 2 for wrong usage, 1 for anything else, with one sentence. */
export function reportAndExit(error: unknown): void {
  if (error instanceof CommanderError) {
    process.exitCode = error.exitCode === 0 ? 0 : 2; // commander has said what was wrong
    return;
  }
  const code = error instanceof Error && 'code' in error ? String(error.code) : '';
  const message = error instanceof Error && error.message !== '' ? error.message : code;
  console.error(SENTENCES[code] ?? message);
  process.exitCode = 1;
}
