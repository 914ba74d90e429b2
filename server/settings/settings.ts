/** All settings of all processes, each with its check, its default, and its description. `config.ts` reads them. */
import * as z from 'zod';
import { CODER_RELEASE_FORM } from '../../domain/coderRelease.ts';
import { DEFAULT_THRESHOLDS as DEFAULT } from '../../domain/thresholds.ts';
import { parseAddressRule } from './addressRule.ts';
import {
  atLeast,
  count,
  databaseUrl,
  days,
  flag,
  httpUrl,
  IN_PROCESS,
  list,
  model,
  number,
  origins,
  plainUrl,
  port,
  seconds,
  secret,
} from './settingForms.ts';

/** Settings by name: check, default and, in `describe`, the sentence of `docs/settings.md`. */
export const settings = {
  DATABASE_URL: databaseUrl
    .optional()
    .describe(
      'Postgres to use. `start:database`, `start:replica`, `start:operator`, and a gateway with `DATABASE_SUBGRAPH_URL=in-process` need it; `migrate`, too, unless `RECORDER_DATABASE_URL` is set. Unset: `npm start` runs its own Postgres under `DATA_DIR`. Set: `npm start` uses it if it is migrated; with `npm start -- --migrate` it first makes the tables in an empty one',
    ),
  DATABASE_LISTEN_URL: databaseUrl
    .optional()
    .describe(
      'Postgres that tells the database subgraph and the recorder of changes of chats, so that they look at once: the primary itself, without a pooler between. Unset: live views look by time alone, and the recorder listens on `DATABASE_URL` if incidents are kept there, too',
    ),
  PLATFORM: z
    .enum(['auto', 'own', 'coder', 'views'])
    .default('auto')
    .describe(
      "tables that `DATABASE_URL` holds: this project's (`own`), a Coder deployment's (`coder`), or views over tables of yours (`views`). `auto` looks which they are",
    ),
  CODER_RELEASE: z
    .string()
    .regex(CODER_RELEASE_FORM, 'must be a version such as 2.30 or v2.30.1, or the day of a build such as 2026-09-15')
    .optional()
    .describe(
      'release of the Coder deployment, or the day of its build. It decides the thresholds that are not set. Unset: the oldest release that a live replica runs, else the newest known one',
    ),
  CAPACITY_ROOT: atLeast(1).default(5).describe('slots of a whole Coder deployment for chats without a parent'),
  CAPACITY_SUBAGENTS: atLeast(1)
    .default(10)
    .describe('slots of a whole Coder deployment for chats that another chat started'),
  DATA_DIR: z
    .string()
    .default('.data')
    .describe(
      'folder where `npm start` keeps its Postgres, its secrets and its lock. One system runs on a folder at a time',
    ),
  PORT: port.default(4000).describe('port of the gateway'),
  HOST: z.string().default('127.0.0.1').describe('address that every process listens on'),
  DATABASE_SUBGRAPH_URL: z
    .string()
    .refine((text) => text === IN_PROCESS || httpUrl.safeParse(text).success, {
      error: `must be an http or https URL, or ${IN_PROCESS}`,
    })
    .default('http://127.0.0.1:4001/graphql')
    .describe(
      `address of the database subgraph, for the gateway. \`${IN_PROCESS}\`: the gateway runs it itself, on \`DATABASE_URL\``,
    ),
  DATABASE_SUBGRAPH_PORT: port
    .default(4001)
    .describe('port of the database subgraph. Under `npm start`, unset: any free one'),
  ROUTER_PORT: port.default(4002).describe('port of `npm run start:router`'),
  DIAGNOSIS_PORT: port.default(4003).describe('port of `npm run start:diagnosis`'),
  RUNTIME_PORT: port.default(0).describe('port of a replica. 0: any free one'),
  RELAY_ADDRESS: httpUrl
    .optional()
    .describe('URL at which other processes reach this replica. Unset: its host and port'),
  CHAT_WORKER_DISABLED: flag.describe('`1` on the gateway: no replica is asked, and verdicts go by the rows alone'),
  MAX_RUNNERS: atLeast(1).default(2000).describe('chats that one replica works on at once'),
  DATABASE_TIMEOUT_MS: atLeast(1)
    .default(2000)
    .describe('time that a reader waits for the database. Also its `statement_timeout`'),
  SUPERGRAPH_PATH: z
    .string()
    .optional()
    .describe(
      'supergraph file of the gateway. The gateway follows the file while it runs: it takes a new version that it can serve, and refuses any other. Unset: the one checked in',
    ),
  HEARTBEAT_INTERVAL_SECONDS: seconds
    .default(DEFAULT.heartbeatIntervalSeconds)
    .describe(
      'interval at which a worker renews its leases and its replica row. Unset, on a Coder deployment: as its release has it',
    ),
  HEARTBEAT_STALE_SECONDS: seconds
    .default(DEFAULT.staleAfterSeconds)
    .describe(
      'age at which a lease, or a replica row, is lost. Unset, on a Coder deployment: as its release has it; a replica row is always lost after 15 s there',
    ),
  ACQUISITION_INTERVAL_SECONDS: seconds
    .default(DEFAULT.acquisitionIntervalSeconds)
    .describe(
      'interval at which a worker looks for runnable chats when nothing notifies it. Unset, on a Coder deployment: as its release has it',
    ),
  REQUIRES_ACTION_TIMEOUT_SECONDS: seconds
    .default(300)
    .describe('time that a chat waits for the result of a tool outside'),
  BUFFER_TOTAL_BYTES: atLeast(1024 * 1024)
    .default(256 * 1024 * 1024)
    .describe('memory for all message buffers of one replica. A replica at the limit takes no more chats'),
  RETRY_MAX_ATTEMPTS: count.default(8).describe('model calls for one step before the turn fails. 0: no limit'),
  NO_PROGRESS_SECONDS: seconds
    .default(DEFAULT.noProgressSeconds)
    .describe(
      'time without a change after which a runnable chat is suspect. Also the time without progress after which a task is stuck. Unset, on a Coder deployment: 900',
    ),
  MAX_STEPS: atLeast(1).default(200).describe('model calls of one turn, failed ones included, before the turn fails'),
  LOOP_STEPS: atLeast(1)
    .default(DEFAULT.loopSteps)
    .describe('steps of one turn at which the diagnosis calls it a loop. Unset, on a Coder deployment: 300'),
  SPINNING_ATTEMPTS: atLeast(2)
    .default(DEFAULT.spinningAttempts)
    .describe('attempts at one step, without failure, commit or pause, at which a worker spins'),
  OWNERS_LOST_WARN: atLeast(2)
    .default(DEFAULT.ownersLostWarn)
    .describe('attempts at one step, begun by several owners and not ended, at which the diagnosis warns'),
  OWNERS_LOST_CRITICAL: atLeast(2)
    .default(DEFAULT.ownersLostCritical)
    .describe('the same, at which the finding is CRITICAL'),
  CLOCK_AHEAD_SECONDS: seconds
    .default(DEFAULT.clockAheadSeconds)
    .describe("time that a row or a lease may be ahead of the database's clock before the diagnosis warns"),
  HISTORY: z
    .enum(['on', 'off'], 'must be on or off')
    .default('on')
    .describe(
      '`off` on replicas and commands: their changes leave no events. On the database subgraph: events are not read. Everybody writes none after `ALTER DATABASE … SET chat_debug.events = off`',
    ),
  HISTORY_RETENTION_DAYS: days.default(14).describe('age in days from which replicas delete events of chats'),
  RECORDER_DATABASE_URL: databaseUrl
    .optional()
    .describe(
      "Postgres that holds incidents, for `migrate` and the recorder. Unset: `DATABASE_URL`. A Coder deployment's own database never holds them",
    ),
  RECORDER_URL: httpUrl
    .optional()
    .describe(
      'address of the recorder, for the gateway, such as http://127.0.0.1:4004/graphql. Unset: there is none, and incidents are null',
    ),
  RECORDER_PORT: port.default(4004).describe('port of the recorder. Under `npm start`, unset: any free one'),
  RECORDER_INTERVAL_SECONDS: seconds
    .default(10)
    .describe('interval at which the recorder asks the gateway for chats in trouble'),
  INCIDENT_RETENTION_DAYS: days.default(30).describe('age in days from which the recorder deletes closed incidents'),
  ALERTMANAGER_URL: plainUrl
    .optional()
    .describe(
      'address of an Alertmanager that the recorder tells of open incidents, such as http://alertmanager:9093. Unset: none is told',
    ),
  ALERT_WEBHOOK_URL: plainUrl
    .optional()
    .describe('URL that the recorder posts to when an incident opens and when it closes. Unset: nobody is told'),
  ALERT_WEBHOOK_SECRET: secret.optional().describe('key of the signatures of what is posted to `ALERT_WEBHOOK_URL`'),
  PUBLIC_URL: plainUrl
    .optional()
    .describe(
      'address of the gateway for people, for links in alerts and in answers at `/mcp`. Unset: there are no links',
    ),
  OPERATOR_SUBGRAPH_URL: httpUrl
    .optional()
    .describe(
      'address of the operator, for the gateway, such as http://127.0.0.1:4005/graphql. Unset: there is none, and actions are refused',
    ),
  OPERATOR_PORT: port.default(4005).describe('port of the operator. Under `npm start`, unset: any free one'),
  ACTIONS_RETENTION_DAYS: number((n) => n >= 2 && n <= 36_500, 'must be a number of days from 2 to 36500')
    .default(365)
    .describe('age in days from which the operator drops records of actions'),
  MUTATION_RATE_LIMIT_PER_MINUTE: count
    .default(30)
    .describe('actions that one caller may ask for in a minute. 0: no limit'),
  MODEL: model
    .default('built-in')
    .describe(
      'language model of the chats: `built-in`, which needs no network, or `openai-compatible:<model>@<base URL>`',
    ),
  MODEL_API_KEY: z.string().optional().describe('bearer token sent to an OpenAI-compatible server'),
  REPLICA_TIMEOUT_MS: atLeast(1)
    .default(1000)
    .describe('time that one request waits for replicas, second tries included'),
  REPLICA_HEDGE_MS: atLeast(1)
    .optional()
    .describe('time after which a silent replica is asked once more, beside the first question. Unset: never'),
  REPLICA_ADDRESS_ALLOW: list
    .refine((rules) => rules.every(parseAddressRule), 'every part must be a CIDR, an IP address or a host suffix')
    .prefault('127.0.0.0/8,::1/128')
    .describe('CIDRs and host suffixes (`.example.internal`) that a relay address may point to, comma-separated'),
  RUNTIME_PROTOCOL: z
    .enum(['auto', 'graphql', 'v1'])
    .default('auto')
    .describe(
      'language in which replicas are asked: GraphQL (`graphql`), or runtime protocol 1 (`v1`). `auto` finds out what each speaks, and remembers it',
    ),
  RUNTIME_KEY: secret
    .regex(/^[\x21-\x7e]*$/, 'must be of letters, digits and signs, without blanks')
    .optional()
    .describe(
      'shared key that workers of yours take in runtime protocol 1, on the gateway and the router. Unset: they take tokens over `INTERNAL_SECRET`',
    ),
  AUTH_SECRET: secret
    .optional()
    .describe("HS256 secret of callers' tokens. Set it or `AUTH_JWKS_URL`. `npm start` makes one"),
  AUTH_JWKS_URL: plainUrl
    .optional()
    .describe("URL of the public keys of callers' tokens (RS256, PS256, ES256, EdDSA), in place of `AUTH_SECRET`"),
  AUTH_ISSUER: z.string().optional().describe("`iss` that callers' tokens must have. Unset: any"),
  AUTH_AUDIENCE: z.string().optional().describe("`aud` that callers' tokens must have. Unset: any"),
  SUBGRAPH_AUTH: z
    .enum(['internal', 'caller'])
    .default('internal')
    .describe(
      "tokens that a subgraph (database, router, diagnosis, recorder, operator) takes: those of our gateway (`internal`), or callers' own (`caller`), behind another gateway",
    ),
  INTERNAL_SECRET: secret.optional().describe('HS256 secret of the tokens between processes. `npm start` makes one'),
  CORS_ORIGINS: origins.prefault('').describe('origins whose pages may call the gateway, comma-separated. Unset: none'),
  RATE_LIMIT_PER_MINUTE: count.default(600).describe('requests of one caller in a minute. 0: no limit'),
  MCP_RATE_LIMIT_PER_MINUTE: count.default(120).describe('messages at `/mcp` of one caller in a minute. 0: no limit'),
  STREAMS_PER_CALLER: atLeast(1).default(8).describe('streams of live views that one caller may have open at once'),
  STREAMS_MAX: atLeast(1).default(500).describe('streams of live views that one gateway has open at once'),
  MAX_COST: atLeast(1).default(6_500).describe('estimated cost up to which a query is answered'),
  ALLOWED_OPERATIONS_PATH: z
    .string()
    .optional()
    .describe('file with the only operations that are answered at `/graphql`. Unset: all'),
  CHAT_DEBUG_URL: httpUrl
    .optional()
    .describe(
      'gateway that `npm run chat-debug`, the recorder and the operator ask. Recorder and operator need it. Unset, for `chat-debug`: the gateway of the system that `npm start` runs on the same `DATA_DIR`, else http://127.0.0.1:4000',
    ),
  CHAT_DEBUG_TOKEN: z
    .string()
    .optional()
    .describe("token that `npm run chat-debug` sends. Unset: that system's own token, and to no other gateway"),
  OTEL_EXPORTER_OTLP_ENDPOINT: httpUrl
    .optional()
    .describe('URL that OpenTelemetry traces go to (OTLP over HTTP). Unset: nowhere'),
  LOG_LEVEL: z
    .enum(['fatal', 'error', 'warn', 'info', 'debug', 'trace', 'silent'])
    .default('info')
    .describe('least severe level that is logged. Under `npm start`, unset: `warn`'),
} as const;

export type SettingName = keyof typeof settings;
export type Settings<K extends SettingName> = { readonly [N in K]: z.output<(typeof settings)[N]> };
/** Settings of which these are present, because they have no default and the process needs them. */
export type Required<S, K extends keyof S> = S & { readonly [N in K]-?: NonNullable<S[N]> };
