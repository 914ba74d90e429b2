/** All settings of all processes, each with its check, its default, and its description. `config.ts` reads them. */
import { z } from 'zod';
import { CODER_RELEASE_FORM } from '../../domain/coderRelease.ts';
import { DEFAULT_THRESHOLDS as DEFAULT } from '../../domain/thresholds.ts';
import { parseAddressRule } from './addressRule.ts';
import { databaseUrlProblem } from './databaseUrl.ts';

/** Number for which `is` holds. One sentence says so, whatever is wrong with it. */
const number = (is: (value: number) => boolean, error: string) => z.coerce.number(error).refine(is, error);
const port = number((n) => Number.isInteger(n) && n >= 0 && n <= 65_535, 'must be a whole number from 0 to 65535');
const seconds = number((n) => n > 0 && n <= 86_400, 'must be a number of seconds above 0 and up to 86400');
const atLeast = (least: number) =>
  number((n) => Number.isSafeInteger(n) && n >= least, `must be a whole number of at least ${least}`);
const count = atLeast(0);
const secret = z.string().min(32, 'must have at least 32 characters');
/** Value of `DATABASE_SUBGRAPH_URL` with which the gateway runs the database subgraph itself. */
export const IN_PROCESS = 'in-process';
const httpUrl = z.url({ protocol: /^https?$/, error: 'must be an http or https URL' });
const flag = z
  .enum(['0', '1', 'false', 'true'], 'must be 1, true, 0 or false')
  .default('0')
  .transform((text) => text === '1' || text === 'true');
/** Comma-separated list; blanks around a part are dropped. */
const list = z.string().transform((text) =>
  text
    .split(',')
    .map((part) => part.trim())
    .filter((part) => part !== ''),
);

/**
 * Origins as a browser sends them: scheme, host, and a port that is not the scheme's own. `*` would open the gateway to
 * every page.
 */
const origins = list.refine(
  (parts) => parts.every((part) => /^https?:[^*]+$/.test(part) && URL.canParse(part) && new URL(part).origin === part),
  'must be origins such as https://example.com, without a path, comma-separated',
);

/** Model: the built-in one, or `openai-compatible:<model>@<base URL>`. */
const model = z
  .string()
  .regex(
    /^(built-in|openai-compatible:[^@\s]+@https?:\/\/\S+)$/,
    'must be built-in or openai-compatible:<model>@<base URL>',
  );

/** Settings by name: check, default and, in `describe`, the sentence of the settings table. */
export const settings = {
  DATABASE_URL: z
    .string()
    .superRefine((url, context) => {
      const message = databaseUrlProblem(url);
      if (message !== undefined) context.addIssue({ code: 'custom', message });
    })
    .optional()
    .describe(
      'Postgres to use; `migrate`, `start:database` and `start:replica` need it. `npm start` takes one that is migrated, or makes the tables in an empty one if asked to (`npm start -- --migrate`); without it, it runs an embedded one under `DATA_DIR`, which `npm run chat` finds by itself',
    ),
  PLATFORM: z
    .enum(['auto', 'own', 'coder'])
    .default('auto')
    .describe(
      "whose tables `DATABASE_URL` has: this project's (`own`), those of a Coder deployment (`coder`), or whichever is found there (`auto`)",
    ),
  CODER_RELEASE: z
    .string()
    .regex(CODER_RELEASE_FORM, 'must be a version such as 2.30 or v2.30.1, or the day of a build such as 2026-09-15')
    .optional()
    .describe(
      'release of the Coder deployment, or the day of its build, by which thresholds that are not set are chosen; unset: the oldest that a live replica runs, else the newest that is known',
    ),
  CAPACITY_ROOT: atLeast(1)
    .default(5)
    .describe('chats without a parent that a whole Coder deployment works on at once'),
  CAPACITY_SUBAGENTS: atLeast(1)
    .default(10)
    .describe('chats started by another chat that a whole Coder deployment works on at once'),
  DATA_DIR: z
    .string()
    .default('.data')
    .describe('where `npm start` keeps its Postgres, its secrets and its lock; one running system each'),
  PORT: port.default(4000).describe('port of the gateway'),
  HOST: z.string().default('127.0.0.1').describe('address that every process listens on'),
  DATABASE_SUBGRAPH_URL: z
    .string()
    .refine((text) => text === IN_PROCESS || httpUrl.safeParse(text).success, {
      error: `must be an http or https URL, or ${IN_PROCESS}`,
    })
    .default('http://127.0.0.1:4001/graphql')
    .describe(
      `where the gateway finds the database subgraph; \`${IN_PROCESS}\`: it runs it itself, on \`DATABASE_URL\``,
    ),
  DATABASE_SUBGRAPH_PORT: port
    .default(4001)
    .describe('port of the database subgraph; under `npm start` any free one unless set'),
  ROUTER_PORT: port.default(4002).describe('port of `npm run start:router`'),
  DIAGNOSIS_PORT: port.default(4003).describe('port of `npm run start:diagnosis`'),
  RUNTIME_PORT: port.default(0).describe('port of a replica; 0: any free one'),
  RELAY_ADDRESS: httpUrl
    .optional()
    .describe('URL at which other processes reach this replica; unset: its host and port'),
  CHAT_WORKER_DISABLED: flag.describe('on the gateway: `1` asks no replica; verdicts then go by the rows alone'),
  MAX_RUNNERS: atLeast(1).default(2000).describe('chats that one replica works on at once'),
  DATABASE_TIMEOUT_MS: atLeast(1)
    .default(2000)
    .describe('how long a reader waits for the database; also its `statement_timeout`'),
  SUPERGRAPH_PATH: z
    .string()
    .optional()
    .describe(
      'supergraph file of the gateway, followed while it runs: a new one that can be served is taken, any other is refused; unset: the one checked in',
    ),
  HEARTBEAT_INTERVAL_SECONDS: seconds
    .default(DEFAULT.heartbeatIntervalSeconds)
    .describe('how often leases and replica rows are renewed'),
  HEARTBEAT_STALE_SECONDS: seconds
    .default(DEFAULT.staleAfterSeconds)
    .describe('a lease or a replica row older than this is lost'),
  ACQUISITION_INTERVAL_SECONDS: seconds
    .default(DEFAULT.acquisitionIntervalSeconds)
    .describe('how often a worker looks for runnable chats when nothing notifies it'),
  REQUIRES_ACTION_TIMEOUT_SECONDS: seconds
    .default(300)
    .describe('how long a chat waits for the result of a tool outside'),
  BUFFER_TOTAL_BYTES: atLeast(1024 * 1024)
    .default(256 * 1024 * 1024)
    .describe('what all message buffers of one replica may take; a replica at the limit takes no more chats'),
  RETRY_MAX_ATTEMPTS: count.default(8).describe('model calls for one step before the turn fails; 0: for ever'),
  NO_PROGRESS_SECONDS: seconds
    .default(DEFAULT.noProgressSeconds)
    .describe('a runnable chat that has not changed for this long is suspect'),
  MAX_STEPS: atLeast(1).default(200).describe('model calls of one turn, failed ones included, before the turn fails'),
  LOOP_STEPS: atLeast(1)
    .default(DEFAULT.loopSteps)
    .describe('steps of one turn from which the diagnosis calls it a loop'),
  SPINNING_ATTEMPTS: atLeast(2)
    .default(DEFAULT.spinningAttempts)
    .describe('attempts without failure, commit or pause from which a worker is said to spin'),
  OWNERS_LOST_WARN: atLeast(2)
    .default(DEFAULT.ownersLostWarn)
    .describe('attempts begun by several owners, none of them ended, from which the diagnosis warns'),
  OWNERS_LOST_CRITICAL: atLeast(2).default(DEFAULT.ownersLostCritical).describe('the same, from which it is critical'),
  CLOCK_AHEAD_SECONDS: seconds
    .default(DEFAULT.clockAheadSeconds)
    .describe("how far a row or a lease may be ahead of the database's clock before it is wrong"),
  MODEL: model
    .default('built-in')
    .describe('language model of the chats: `built-in` needs no network; or `openai-compatible:<model>@<base URL>`'),
  MODEL_API_KEY: z.string().optional().describe('bearer token sent to an OpenAI-compatible server'),
  REPLICA_TIMEOUT_MS: atLeast(1)
    .default(1000)
    .describe('how long one request waits for replicas, second tries included'),
  REPLICA_HEDGE_MS: atLeast(1)
    .optional()
    .describe('a replica that has not answered after this long is asked a second time beside the first; unset: never'),
  REPLICA_ADDRESS_ALLOW: list
    .refine((rules) => rules.every(parseAddressRule), 'every part must be a CIDR, an IP address or a host suffix')
    .prefault('127.0.0.0/8,::1/128')
    .describe('CIDRs and host suffixes (`.example.internal`) that a relay address may point to, comma-separated'),
  AUTH_SECRET: secret
    .optional()
    .describe("HS256 secret that callers' tokens are checked against; it or `AUTH_JWKS_URL`; `npm start` makes one"),
  AUTH_JWKS_URL: httpUrl
    .refine((url) => !/^https?:\/\/[^/]*@/i.test(url), 'must be without user and password')
    .optional()
    .describe("in place of `AUTH_SECRET`: where the public keys of callers' tokens (RS256, PS256, ES256, EdDSA) are"),
  AUTH_ISSUER: z.string().optional().describe("the `iss` that callers' tokens must have; unset: any"),
  AUTH_AUDIENCE: z.string().optional().describe("the `aud` that callers' tokens must have; unset: any"),
  SUBGRAPH_AUTH: z
    .enum(['internal', 'caller'])
    .default('internal')
    .describe(
      "whose token database subgraph, router and diagnosis take: the gateway's, or (behind another gateway) the caller's own",
    ),
  INTERNAL_SECRET: secret.optional().describe('HS256 secret of the tokens between processes; `npm start` makes one'),
  CORS_ORIGINS: origins.prefault('').describe('origins whose pages may call the gateway, comma-separated; unset: none'),
  RATE_LIMIT_PER_MINUTE: count.default(600).describe('requests of one caller in a minute; 0: no limit'),
  MAX_COST: atLeast(1).default(6_500).describe('the estimated cost up to which a query is answered'),
  ALLOWED_OPERATIONS_PATH: z
    .string()
    .optional()
    .describe('file with the only operations that are answered at `/graphql`; unset: all'),
  CHAT_DEBUG_URL: httpUrl
    .optional()
    .describe(
      'the gateway that `npm run chat-debug` asks; unset: that of a system that `npm start` runs on the same `DATA_DIR`, else http://127.0.0.1:4000',
    ),
  CHAT_DEBUG_TOKEN: z
    .string()
    .optional()
    .describe("the token that `npm run chat-debug` sends; unset: that system's own, and to no other gateway"),
  OTEL_EXPORTER_OTLP_ENDPOINT: httpUrl
    .optional()
    .describe('where OpenTelemetry traces go (OTLP over HTTP); unset: nowhere'),
  LOG_LEVEL: z
    .enum(['fatal', 'error', 'warn', 'info', 'debug', 'trace', 'silent'])
    .default('info')
    .describe('least severe level that is logged; under `npm start` `warn` unless set'),
} as const;

export type SettingName = keyof typeof settings;
export type Settings<K extends SettingName> = { readonly [N in K]: z.output<(typeof settings)[N]> };
/** Settings of which these are present, because they have no default and the process needs them. */
export type Required<S, K extends keyof S> = S & { readonly [N in K]-?: NonNullable<S[N]> };
