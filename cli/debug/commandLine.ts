/** Options and ends that the commands of `npm run chat-debug` share. */
import { type Command, InvalidArgumentError } from 'commander';
import { problemsOf, render } from './output.ts';
import type { Shown } from './shown.ts';

/** Options of every command that asks a gateway. */
export interface Asking {
  readonly url?: string;
  readonly token?: string;
  readonly json?: true;
}

/** Gives a command the options that name a gateway. */
export const ofGateway = (command: Command): Command =>
  command
    .option('--url <url>', 'the gateway (CHAT_DEBUG_URL; default: of the system that `npm start` runs)', urlArgument)
    .option(
      '--token <token>',
      'the token to send (CHAT_DEBUG_TOKEN, which no process list shows; default: of that system)',
    );

/** Shows an answer. Its code becomes that of the process. */
export function tell(shown: Shown, options: Pick<Asking, 'json'>): void {
  const json = options.json === true;
  console.log(render(shown, { stream: process.stdout, json, compact: false }));
  if (json) for (const line of problemsOf(shown)) console.error(line);
  process.exitCode = shown.code;
}

function urlArgument(value: string): string {
  if (!/^https?:\/\/[^/?#]/i.test(value) || !URL.canParse(value)) {
    throw new InvalidArgumentError('It must be an http or https URL.');
  }
  return value;
}

/** Reader of a whole number from 1 to `most`. */
export const countUpTo =
  (most: number) =>
  (value: string): number => {
    if (/^[1-9]\d{0,3}$/.test(value) && Number(value) <= most) return Number(value);
    throw new InvalidArgumentError(`It must be a whole number from 1 to ${most}.`);
  };
