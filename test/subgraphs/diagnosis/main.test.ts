/** The subgraph as a process of its own, as `npm run start:diagnosis` starts it. */
import { fork } from 'node:child_process';
import { once } from 'node:events';
import { fileURLToPath } from 'node:url';
import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import { SignJWT } from 'jose';
import type { ReadyMessage } from '../../../server/lifecycle.ts';
import { type Caller, READ_ALL, signInternalToken } from '../../../server/tokens/internalToken.ts';
import { runScript } from '../../support/command.ts';
import { snapshot } from './snapshots.ts';

const SCRIPT = 'dist/diagnosis.js';
const MAIN = fileURLToPath(new URL(`../../../${SCRIPT}`, import.meta.url));
const INTERNAL_SECRET = 'a secret for tests, long enough for HS256';
const AUTH_SECRET = 'another secret for tests, long enough too';
const OPERATOR: Caller = { sub: 'an-operator', roles: [READ_ALL] };

async function startProcess(environment: Record<string, string>) {
  const env = { DIAGNOSIS_PORT: '0', LOG_LEVEL: 'silent', ...environment };
  const child = fork(MAIN, { env });
  const exit = once(child, 'exit');
  const [{ ready }] = (await Promise.race([once(child, 'message'), exit.then(() => [{}])])) as [Partial<ReadyMessage>];
  return { url: ready?.url ?? '', child, exit };
}

const held: { process?: Awaited<ReturnType<typeof startProcess>> } = {};
const url = () => held.process?.url ?? '';
beforeAll(async () => {
  held.process = await startProcess({ INTERNAL_SECRET });
});
afterAll(async () => {
  held.process?.child.kill('SIGTERM');
  expect(await held.process?.exit).toEqual([0, null]);
});

interface Answer {
  data?: { _entities: ({ [field: string]: { verdict: string; summary: string } | null } | null)[] };
  errors?: { path?: unknown[]; extensions: { code: string } }[];
}

async function ask(token: string, representations: unknown[], field = 'diagnosis', at = url()) {
  const query = `query ($r: [_Any!]!) {
    _entities(representations: $r) { ... on ChatDebugSnapshot { ${field} { verdict summary findings { code } } } } }`;
  const response = await fetch(`${at}/graphql`, {
    method: 'POST',
    headers: { 'content-type': 'application/json', authorization: `Bearer ${token}` },
    body: JSON.stringify({ query, variables: { r: representations } }),
  });
  return { status: response.status, ...((await response.json()) as Answer) };
}

const chat = (changes: Parameters<typeof snapshot>[0]) => ({ __typename: 'ChatDebugSnapshot', ...snapshot(changes) });
const verdicts = ({ data }: Answer) => data?._entities.map((entity) => entity?.diagnosis?.verdict);

describe('the process', () => {
  test('judges by what it is sent; what it could not read again it does not call stuck', async () => {
    const token = await signInternalToken(INTERNAL_SECRET, 'diagnosis', OPERATOR);
    const moved = { state: 'R0', owner: 'STOPPED' } as const;
    const still = { task: { secondsSinceProgress: 99 } };
    const answer = await ask(token, [chat({}), chat(moved), chat(still)]);
    expect(verdicts(answer)).toEqual(['WORKING', 'UNKNOWN', 'STUCK']);
    expect(answer.data?._entities[1]?.diagnosis?.summary).toContain('that cannot be done here');
    expect((await fetch(`${url()}/readyz`)).status).toBe(200);
  });

  test('asks for the role before it judges what every replica said', async () => {
    const token = await signInternalToken(INTERNAL_SECRET, 'diagnosis', { sub: 'somebody', roles: [] });
    const { data, errors } = await ask(token, [chat({})], 'diagnosisEverywhere');
    expect(data).toEqual({ _entities: [{ diagnosisEverywhere: null }] });
    expect(errors).toMatchObject([
      { path: ['_entities', 0, 'diagnosisEverywhere'], extensions: { code: 'FORBIDDEN' } },
    ]);
  });

  test('one bad representation costs no other one its diagnosis', async () => {
    const token = await signInternalToken(INTERNAL_SECRET, 'diagnosis', OPERATOR);
    const bare = { __typename: 'ChatDebugSnapshot', chatId: chat({}).chatId, database: 'not an object' };
    const answer = await ask(token, [chat({}), bare, { ...bare, chatId: 'zz' }]);
    expect(answer.data?._entities.slice(0, 2).map((entity) => entity?.diagnosis?.verdict)).toEqual([
      'WORKING',
      'UNKNOWN',
    ]);
    expect(answer.errors).toMatchObject([{ path: ['_entities', 2], extensions: { code: 'BAD_USER_INPUT' } }]);
  });

  test('answers nobody without a token for it, and callers themselves when it is told to', async () => {
    const operators = await new SignJWT({ ...OPERATOR, exp: 99_999_999_999 })
      .setProtectedHeader({ alg: 'HS256' })
      .sign(new TextEncoder().encode(AUTH_SECRET));
    const elsewhere = await signInternalToken(INTERNAL_SECRET, 'database', OPERATOR);
    for (const token of ['', operators, elsewhere]) expect((await ask(token, [chat({})])).status).toBe(401);
    const open = await startProcess({ SUBGRAPH_AUTH: 'caller', AUTH_SECRET });
    expect(verdicts(await ask(operators, [chat({})], 'diagnosis', open.url))).toEqual(['WORKING']);
    open.child.kill('SIGTERM');
    expect(await open.exit).toEqual([0, null]);
  });

  test('names every setting that is missing or wrong, and does not start', async () => {
    const { code, stderr } = await runScript(SCRIPT, [], { NO_PROGRESS_SECONDS: 'soon' });
    expect(code).toBe(1);
    for (const name of ['INTERNAL_SECRET', 'NO_PROGRESS_SECONDS']) expect(stderr).toContain(`${name}: `);
  });
});
