/** Operators over a database of a test file, under the role that deployments give them, and clients that ask them. */
import { randomUUID } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { afterEach } from '@jest/globals';
import { OPERATE } from '../../../../domain/actions/rights.ts';
import type { RunningServer } from '../../../../server/app.ts';
import { type Caller, READ_ALL, signInternalToken } from '../../../../server/tokens/internalToken.ts';
import { type OperatorServerOptions, startOperatorServer } from '../../../../subgraphs/operator/server.ts';
import { INTERNAL_SECRET } from '../../../gateway/gateways.ts';
import { shared } from '../../../gateway/runtimes.ts';
import type { TestDatabase } from '../../../support/database.ts';

const GRANTS = readFileSync(new URL('../../../../deploy/operator-role.sql', import.meta.url), 'utf8');

/** Caller with all roles for actions. */
export const OPERATOR: Caller = { sub: 'an-operator', roles: [READ_ALL, OPERATE], jti: 'token-7' };

/** Call at the top of a test file. What is started is stopped after each test. */
export function operatorsPerTest(database: TestDatabase) {
  const started: RunningServer[] = [];
  let role: Promise<string> | undefined;
  afterEach(async () => {
    await Promise.all(started.splice(0).map((server) => server.stop()));
    const name = role && nameOf(await role);
    role = undefined;
    if (name) await database.pool.query(`DROP OWNED BY ${name}; DROP ROLE ${name}`);
  });
  /** URL of the database for a role with the grants of `deploy/operator-role.sql`, and no others. */
  const urlOfRole = () => {
    role ??= makeRole(database);
    return role;
  };
  return {
    urlOfRole,
    start: async (changes: Partial<OperatorServerOptions> = {}): Promise<RunningServer> => {
      const server = await startOperatorServer({
        ...{ ...shared, offerSecret: INTERNAL_SECRET, databaseUrl: await urlOfRole() },
        gatewayUrl: 'http://127.0.0.1:9/graphql', // nobody answers there
        ...{ databaseTimeoutMs: 20_000, retentionDays: 365 },
        ...changes,
      });
      started.push(server);
      return server;
    },
  };
}

const nameOf = (url: string) => new URL(url).username;

async function makeRole({ pool, url }: TestDatabase): Promise<string> {
  const name = `operator_${randomUUID().replaceAll('-', '')}`; // roles are the server's, and tests run beside each other
  await pool.query(GRANTS.replaceAll('chat_debug_operator', name));
  await pool.query(`ALTER ROLE ${name} PASSWORD 'p'`);
  const own = new URL(url);
  own.username = name;
  own.password = 'p';
  return own.href;
}

export interface Answered {
  readonly data?: Record<string, never> | null;
  readonly errors?: { message: string; path?: string[]; extensions: { code: string; idempotencyKey?: string } }[];
}

/** Asks an operator as the gateway would. */
export async function askOperator(
  server: { url: string },
  query: string,
  { variables = {}, caller = OPERATOR, headers = {} }: { variables?: object; caller?: Caller; headers?: object } = {},
): Promise<Answered> {
  const token = await signInternalToken(INTERNAL_SECRET, 'operator', caller);
  const response = await fetch(`${server.url}/graphql`, {
    method: 'POST',
    headers: { 'content-type': 'application/json', authorization: `Bearer ${token}`, ...headers },
    body: JSON.stringify({ query, variables }),
  });
  return (await response.json()) as Answered;
}

const RECORD = `id actor tokenId via action chatId replicaId reason findings expectedVersion foundVersion before after versionAfter
  outcome why idempotencyKey dryRun requestId resolved`;

/** Mutation of this name, with all its arguments. */
export const mutation = (name: string) => `
  mutation ($id: UUID!, $expect: ExpectInput, $token: String, $reason: String!, $key: UUID!, $dry: Boolean, $findings: [String!]) {
    ${name}(id: $id, expect: $expect, token: $token, reason: $reason, idempotencyKey: $key, dryRun: $dry, findings: $findings) {
      outcome snapshot { chatId } record { ${RECORD} } } }`;

const OFFERS = `query ($representations: [_Any!]!) { _entities(representations: $representations) {
  ... on ChatDebugSnapshot { actions { action allowed whyNot from to changes answers risk token expiresAt } } } }`;

interface Offer {
  readonly action: string;
  readonly allowed: boolean;
  readonly whyNot: string | null;
  readonly from: string;
  readonly to: string | null;
  readonly changes: string;
  readonly answers: string[];
  readonly token: string | null;
  readonly expiresAt: string | null;
}

/** Offers on a chat; null: the caller may not read it. */
export async function offersOn(server: { url: string }, chatId: string, caller = OPERATOR): Promise<Offer[] | null> {
  const variables = { representations: [{ __typename: 'ChatDebugSnapshot', chatId }] };
  const { data } = await askOperator(server, OFFERS, { variables, caller });
  return (data as unknown as { _entities: [{ actions: Offer[] | null }] })._entities[0].actions;
}
