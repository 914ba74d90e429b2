#!/usr/bin/env node
/** `npm run chat-debug`: tells at a terminal why a chat is stuck and who owns it. It asks only the gateway. */
import { Command, CommanderError, InvalidArgumentError } from 'commander';
import { systemClock } from '../common/clock.ts';
import { BUNDLE_REASONS, type BundleReason } from '../domain/incidents/step.ts';
import { uuidArgument } from './arguments.ts';
import { addActing } from './debug/acting.ts';
import { type Ask, asking } from './debug/ask.ts';
import { diffOfFiles, whyFromFile, writeBundleOf, writeStoredBundle } from './debug/bundleCommands.ts';
import { type Asking, countUpTo, ofGateway, tell } from './debug/commandLine.ts';
import { answeredBy, everyInterval, type Followed, follow } from './debug/follow.ts';
import { askIncident, askIncidents, type Wanted } from './debug/incidents.ts';
import { serveMcp } from './debug/mcp.ts';
import { askReplicas } from './debug/replicas.ts';
import type { Shown } from './debug/shown.ts';
import { askSnapshot } from './debug/snapshot.ts';
import { askStuck } from './debug/stuck.ts';
import { findGateway } from './debug/target.ts';
import { watch } from './debug/watch.ts';
import { askWhy, askWhyEverywhere } from './debug/why.ts';
import { printable } from './printable.ts';
import { endWithOutput } from './standardOutput.ts';

endWithOutput();

interface Options extends Asking {
  readonly watch?: true;
  readonly interval: number;
}

/** Entries of a list in one call. */
const MOST_LISTED = 1_000;

const program = new Command('npm run chat-debug --')
  .description('Says what is the matter with chats and replicas.')
  .addHelpText(
    'after',
    '\nEnds with 0 when there is no trouble, 1 when there is, 2 when that is not known, could not be asked, or not like this.\nWith --watch, Ctrl-C ends it with 0.',
  )
  .exitOverride();

command('snapshot', 'a chat: what is written down, and what its owner holds in memory')
  .argument('<chat>', 'the chat’s id', uuidArgument)
  .action((id: string, options: Options) =>
    run(options, (ask) => askSnapshot(ask, id), { view: 'snapshot', variables: { chat: id } }),
  );
const why = command('why', 'what is the matter with a chat, how that is known, and what to do')
  .argument('[chat]', 'the chat’s id; left out with --from', uuidArgument)
  .option('--everywhere', 'ask every replica, and not the owner alone: finds a runner that should not be there')
  .option('--from <file>', 'judge a bundle, and ask nobody')
  .action((id: string | undefined, options: Options & { everywhere?: true; from?: string }) => {
    if (options.from !== undefined) return tell(whyFromFile(options.from, id, options), options);
    if (id === undefined) return why.error("error: missing required argument 'chat'");
    const variables = { chat: id };
    return options.everywhere
      ? run(options, (ask) => askWhyEverywhere(ask, id), { view: 'whyEverywhere', variables })
      : run(options, (ask) => askWhy(ask, id), { view: 'why', variables });
  });
command('stuck', 'the chats that are stuck, have failed with no way on, or may be; the oldest trouble first')
  .option('--first <count>', `how many at most, up to ${MOST_LISTED}`, countUpTo(MOST_LISTED), 20)
  .action((options: Options & { first: number }) =>
    run(options, (ask) => askStuck(ask, options.first), { view: 'stuckChanges', variables: {} }),
  );
command(
  'replicas',
  'the replicas and the database: alive or not, what they hold, what fills them, and what fails',
).action((options: Options) => run(options, askReplicas, { view: 'replicasChanges', variables: {} }));
command('incidents', 'what was wrong with chats, and since when, as the recorder noted it; the newest first')
  .option('--first <count>', `how many at most, up to ${MOST_LISTED}`, countUpTo(MOST_LISTED), 20)
  .option('--after <cursor>', 'go on from there: an `endCursor`, as the list before it shows')
  .option('--chat <chat>', 'only those of this chat', uuidArgument)
  .option('--open', 'only those that are open')
  .action(({ chat, ...options }: Options & Omit<Wanted, 'chatId'> & { readonly chat?: string }) =>
    run(options, (ask) => askIncidents(ask, { ...options, chatId: chat })),
  );
command('incident', 'one incident: its causes, the chat’s owners, and the bundles that were kept')
  .argument('<incident>', 'the incident’s id', uuidArgument)
  .option('-o, --output <file>', 'write a bundle of it to this file')
  .option('--why <reason>', 'with -o: which bundle', bundleReason, 'OPENED')
  .action((id: string, options: Options & { output?: string; why: BundleReason }) =>
    options.output === undefined
      ? run(options, (ask) => askIncident(ask, id))
      : writeStoredBundle(id, { ...options, output: options.output }),
  );
addActing(program);
ofGateway(
  program
    .command('bundle')
    .description('puts all that is known of a chat into one JSON file, for later and for others'),
)
  .argument('<chat>', 'the chat’s id', uuidArgument)
  .option('-o, --output <file>', 'where to put it; default: standard output')
  .option('--anonymous', 'pseudonyms for ids; no hostnames and addresses')
  .option('--salt <text>', 'with --anonymous: the same text gives the same pseudonyms (default: others each time)')
  .addHelpText(
    'after',
    '\nIt holds no title, no content of messages and tools, no token, and no words of a model’s provider.',
  )
  .action(writeBundleOf);
ofGateway(
  program
    .command('mcp')
    .description(
      'serves assistants over standard input and output: the Model Context Protocol, with the gateway’s own tools',
    ),
).action((options: Pick<Options, 'url' | 'token'>) => serveMcp(findGateway(options), process.stdin, process.stdout));
program
  .command('diff')
  .description('what changed from one bundle of a chat to another')
  .argument('<first>', 'a file that `bundle` wrote')
  .argument('<second>', 'a later one; the exit code goes by it')
  .option('--json', 'the changes as JSON')
  .action((first: string, second: string, options: Pick<Options, 'json'>) => tell(diffOfFiles(first, second), options));

function command(name: string, description: string): Command {
  return ofGateway(
    program
      .command(name)
      .description(description)
      .option('--json', 'the data of the answer as JSON; with --watch one line each')
      .option('--watch', 'follow it, and show what changed')
      .option('--interval <seconds>', 'how often to look with --watch', intervalSeconds, 2),
  );
}

/** @param followed live view of the answer, or of what it depends on; left out: there is none */
async function run(options: Options, question: (ask: Ask) => Promise<Shown>, followed?: Followed): Promise<void> {
  const gateway = findGateway(options);
  const output = { stream: process.stdout, json: options.json === true, compact: options.watch === true };
  if (options.watch) {
    const ending = new AbortController();
    for (const signal of ['SIGINT', 'SIGTERM'] as const) process.on(signal, () => ending.abort());
    const ask = asking(gateway, ending.signal);
    const { interval } = options;
    const { signal } = ending;
    return watch({
      look: (received) => question(followed && received ? answeredBy(gateway, followed, received, ask) : ask),
      follow: followed && (() => follow(gateway, everyInterval(followed, interval), systemClock, signal)),
      ...{ intervalSeconds: interval, clock: systemClock, signal, output },
    });
  }
  tell(await question(asking(gateway)), options);
}

function bundleReason(value: string): BundleReason {
  const reason = BUNDLE_REASONS.find((one) => one === value.toUpperCase());
  if (reason) return reason;
  throw new InvalidArgumentError(`It must be one of ${BUNDLE_REASONS.join(', ')}.`);
}

function intervalSeconds(value: string): number {
  const seconds = Number(value);
  if (!/^\d{1,4}(\.\d{1,3})?$/.test(value) || seconds < 0.1) {
    throw new InvalidArgumentError('It must be a number of seconds, from 0.1.');
  }
  return seconds;
}

await program.parseAsync().catch((error: unknown) => {
  process.exitCode = 2;
  if (!(error instanceof CommanderError))
    console.error(printable(error instanceof Error ? error.message : String(error)));
  else if (error.exitCode === 0) process.exitCode = 0; // it was asked for its help
});
