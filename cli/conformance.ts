#!/usr/bin/env node
/** `chat-debug-conformance <url>`: asks a worker as the gateway would, and says in words what is wrong with it. */
import { Command } from 'commander';
import { systemClock } from '../common/clock.ts';
import { isObject } from '../common/json.ts';
import { PROTOCOL } from '../domain/protocol/paths.ts';
import { readEnvironment, SettingsError } from '../server/settings/config.ts';
import { OWN_CALLER, signInternalToken } from '../server/tokens/internalToken.ts';
import { CHECKS } from './conformance/checks.ts';
import { heldChats } from './conformance/heldChecks.ts';
import { makeWorker, type WorkerOptions } from './conformance/worker.ts';
import { printable } from './printable.ts';
import { endWithOutput } from './standardOutput.ts';
import { reportAndExit } from './system.ts';

endWithOutput();

const UNKNOWN_WORKER = '00000000-0000-4000-8000-000000000000';

/** A worker is told of it that much was not seen. */
const IDLE =
  '\nIt lists no runner now. Ask it again while it works on a chat, so that what it tells of chats is seen, too.';

interface Options {
  readonly worker?: string;
}

const program = new Command('chat-debug-conformance')
  .description(`Asks a worker that speaks ${PROTOCOL} as the gateway would, and says what is wrong.`)
  .argument('<url>', 'its relay address, such as http://127.0.0.1:8080')
  .option('--worker <uuid>', 'its id. Left out: as it says itself when it refuses a token for another')
  .allowExcessArguments(false)
  .addHelpText(
    'after',
    '\nSet RUNTIME_KEY to the shared key, or INTERNAL_SECRET. REPLICA_TIMEOUT_MS is the time for an answer.\nEnds with 0 when every promise is kept, 1 when one is not, 2 when it could not be asked.',
  )
  .exitOverride()
  .action(run);

async function run(url: string, { worker: named }: Options): Promise<void> {
  const { RUNTIME_KEY, INTERNAL_SECRET, REPLICA_TIMEOUT_MS } = readEnvironment([
    'RUNTIME_KEY',
    'INTERNAL_SECRET',
    'REPLICA_TIMEOUT_MS',
  ]);
  if (!/^https?:\/\//i.test(url) || !URL.canParse(url)) {
    throw new SettingsError(`${JSON.stringify(url)} is no http or https URL, such as http://127.0.0.1:8080.`);
  }
  const tokenFor = async (workerId: string): Promise<string> => {
    if (RUNTIME_KEY !== undefined) return RUNTIME_KEY;
    if (INTERNAL_SECRET === undefined)
      throw new SettingsError('Set RUNTIME_KEY or INTERNAL_SECRET: a worker answers nobody else.');
    return signInternalToken(INTERNAL_SECRET, workerId, OWN_CALLER);
  };
  const hasTokens = RUNTIME_KEY === undefined;
  const options = { url, timeoutMs: REPLICA_TIMEOUT_MS, tokenFor, hasTokens, clock: systemClock };
  const workerId = named ?? (await ownId({ ...options, workerId: UNKNOWN_WORKER }));
  const worker = await makeWorker({ ...options, workerId });
  let broken = 0;
  for (const { promise, problems } of CHECKS) {
    const found = await problems(worker);
    if (found.length > 0) broken += 1;
    console.log(`${found.length > 0 ? 'NOT OK' : 'ok    '}  ${promise}`);
    for (const sentence of found) console.log(`          ${printable(sentence)}`);
  }
  const isIdle = (await heldChats(worker)).length === 0;
  console.log(
    broken === 0
      ? `\nThe worker speaks ${PROTOCOL}.${isIdle ? IDLE : ''}`
      : `\n${broken} of ${CHECKS.length} promises are not kept. The gateway would show less of this worker, or nothing.`,
  );
  process.exitCode = broken === 0 ? 0 : 1;
}

/** Id that the worker says itself, in an answer or in the refusal of a token for another. */
async function ownId(options: WorkerOptions): Promise<string> {
  const { json, status, text } = await (await makeWorker(options)).ask();
  if (status === 0) throw new SettingsError(`The worker cannot be asked: ${text}.`);
  return isObject(json) && typeof json.workerId === 'string' ? json.workerId : options.workerId;
}

await program.parseAsync().catch((error: unknown) => {
  reportAndExit(error);
  if (process.exitCode === 1) process.exitCode = 2; // 1 says that the worker was asked, and breaks a promise
});
