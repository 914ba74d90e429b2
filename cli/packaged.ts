#!/usr/bin/env node
/** Command of the installed package: starts the system, one process of it, or a terminal command, by its name. */
import { inspect } from 'node:util';

const NAMES = {
  start: 'system.js',
  gateway: 'gateway.js',
  database: 'database.js',
  replica: 'replica.js',
  router: 'router.js',
  diagnosis: 'diagnosis.js',
  recorder: 'recorder.js',
  operator: 'operator.js',
  migrate: 'cli/migrate.js',
  chat: 'cli/chat.js',
  'chat-debug': 'cli/chatDebug.js',
  check: 'cli/check.js',
  token: 'cli/token.js',
  forget: 'cli/forget.js',
  conformance: 'cli/conformance.js',
} as const;

const HELP = `chat-debug-gateway [command]

  (none), start     the whole system on this machine, with a Postgres of its own, until Ctrl-C
  gateway, database, replica, router, diagnosis, recorder, operator
                    one process of a deployment, with its settings in the environment
  migrate           makes or updates the tables in DATABASE_URL
  chat-debug        says what is the matter with chats and replicas
  chat              creates chats and drives them
  check             says what a database has of what is read
  token             prints a token for local use
  forget            takes a person's id out of history and incidents
  conformance       says what is wrong with a worker that speaks the runtime protocol

chat-debug, chat, check, token and forget explain themselves with --help.`;

const isCommand = (name: string): name is keyof typeof NAMES => Object.hasOwn(NAMES, name);

const [, script = '', first, ...rest] = process.argv;
const isOption = first === undefined || (first.startsWith('-') && !['-h', '--help'].includes(first));
const command = isOption ? 'start' : first;
if (isCommand(command)) {
  process.argv = [process.argv[0] ?? '', script, ...(isOption ? process.argv.slice(2) : rest)];
  await import(new URL(`../dist/${NAMES[command]}`, import.meta.url).href);
} else if (['help', '-h', '--help'].includes(command)) {
  console.log(HELP);
} else {
  console.error(`There is no command ${inspect(command)}. \`chat-debug-gateway help\` lists them.`);
  process.exitCode = 2;
}
