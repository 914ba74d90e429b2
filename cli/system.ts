/** Which system a command works with: the one that the environment names, else the one that runs on DATA_DIR. */
import { CommanderError } from 'commander';
import { readSystemFile } from '../local/systemFile.ts';
import { readEnvironment, SettingsError } from '../server/settings/config.ts';
import { databaseSentence } from './databaseTrouble.ts';
import { printable } from './printable.ts';

export interface System {
  readonly databaseUrl: string;
  /** How long a command waits for the database, in milliseconds. */
  readonly databaseTimeoutMs: number;
  /** Unset: streams cannot be read. */
  readonly internalSecret: string | undefined;
  /** The user of the token that `npm start` printed. */
  readonly ownerId: string | undefined;
}

/** @throws SettingsError if there is none */
export function findSystem(): System {
  const { DATABASE_URL, DATA_DIR, INTERNAL_SECRET, DATABASE_TIMEOUT_MS } = readEnvironment([
    ...(['DATABASE_URL', 'DATA_DIR', 'INTERNAL_SECRET', 'DATABASE_TIMEOUT_MS'] as const),
  ]);
  const databaseTimeoutMs = DATABASE_TIMEOUT_MS;
  const running = readSystemFile(DATA_DIR);
  if (DATABASE_URL && DATABASE_URL !== running?.databaseUrl) {
    return { databaseUrl: DATABASE_URL, databaseTimeoutMs, internalSecret: INTERNAL_SECRET, ownerId: undefined };
  }
  if (running) return { ...running, databaseTimeoutMs };
  throw new SettingsError(
    `No system runs on DATA_DIR=${DATA_DIR}, and DATABASE_URL is not set. Run \`npm start\` in another terminal, or set DATABASE_URL.`,
  );
}

/** Far longer than any sentence of ours; what an error quotes may be of any length. */
const LONGEST_MESSAGE = 2_000;

/** Ends a command that failed with one sentence: 2 for wrong usage or a database that cannot do it, 1 for anything else. */
export function reportAndExit(error: unknown): void {
  if (error instanceof CommanderError) {
    process.exitCode = error.exitCode === 0 ? 0 : 2; // commander has said what was wrong
    return;
  }
  const ofDatabase = databaseSentence(error);
  console.error(ofDatabase ?? printable(messageOf(error).slice(0, LONGEST_MESSAGE)));
  process.exitCode = ofDatabase === undefined ? 1 : 2;
}

function messageOf(error: unknown): string {
  if (!(error instanceof Error)) return String(error);
  return error.message !== '' ? error.message : error.name;
}
