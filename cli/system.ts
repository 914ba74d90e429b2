/** The system that a command works with: by the environment, else the one that runs on DATA_DIR. */
import { CommanderError } from 'commander';
import { readSystemFile } from '../local/systemFile.ts';
import { readEnvironment, SettingsError } from '../server/settings/config.ts';
import { databaseSentence } from './databaseTrouble.ts';
import { printable } from './printable.ts';

export interface System {
  readonly databaseUrl: string;
  /** Milliseconds that a command waits for the database. */
  readonly databaseTimeoutMs: number;
  /** False: changes by a command leave no events. */
  readonly writesEvents: boolean;
  /** Secret between processes; unset: streams cannot be read. */
  readonly internalSecret: string | undefined;
  /** User of the token that `npm start` printed. */
  readonly ownerId: string | undefined;
}

/** @throws SettingsError if there is none */
export function findSystem(): System {
  const { DATABASE_URL, DATA_DIR, INTERNAL_SECRET, DATABASE_TIMEOUT_MS, HISTORY } = readEnvironment([
    ...(['DATABASE_URL', 'DATA_DIR', 'INTERNAL_SECRET', 'DATABASE_TIMEOUT_MS', 'HISTORY'] as const),
  ]);
  const own = { databaseTimeoutMs: DATABASE_TIMEOUT_MS, writesEvents: HISTORY === 'on' };
  const running = readSystemFile(DATA_DIR);
  if (DATABASE_URL && DATABASE_URL !== running?.databaseUrl) {
    return { ...own, databaseUrl: DATABASE_URL, internalSecret: INTERNAL_SECRET, ownerId: undefined };
  }
  if (running) return { ...running, ...own };
  throw new SettingsError(
    `No system runs on DATA_DIR=${DATA_DIR}, and DATABASE_URL is not set. Run \`npm start\` in another terminal, or set DATABASE_URL.`,
  );
}

/** Characters, far more than any sentence of ours; what an error quotes may be of any length. */
const LONGEST_MESSAGE = 2_000;

/**
 * Ends a failed command with one sentence. Code 2: wrong usage, or a database that cannot do it. Code 1: anything else.
 */
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
