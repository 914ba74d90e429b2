import { describe, expect, test } from '@jest/globals';
import { DIAGNOSED_FIELDS, type DiagnosedNode } from '../field/support/diagnosed.ts';
import { QUEUED, TAKEN } from './cases/full.ts';
import { ODD } from './cases/odd.ts';
import { CASES, type Ids, idOf, insertCases } from './chats.ts';
import { deploymentPerFile } from './support/deployment.ts';
import { judge, truthOf } from './support/judged.ts';
import { chatDebug, snapshotDocument } from './support/terminal.ts';

/** Words for what a Coder deployment does not have. */
const NOT_THERE: readonly (readonly [what: string, RegExp])[] = [
  ['the command for our own chats', /npm run chat(?!-debug)\b/],
  ['taking a chat from its owner', /\brelease[sd]?\b(?! (of|since|before))/i],
  ['starting a replica for room', /start (a|another|one|more) replicas?/i],
  ['starting one if there is none', /and start one/i],
  [
    'settings of our replicas',
    /\b(RELAY_ADDRESS|REPLICA_ADDRESS_ALLOW|MAX_RUNNERS|MODEL|MODEL_API_KEY|INTERNAL_SECRET|MAX_STEPS)\b/,
  ],
  ['unsetting what nobody there has set', /unset `?CHAT_WORKER_DISABLED/],
  ['our migrations', /npm run migrate|prisma/i],
  ['what only our replicas tell', /runnersByOwner|--everywhere/],
];

const SNAPSHOT = `{ chatDebugSnapshot(chatId: "00000000-0000-4000-8000-000000000000") { chatId } }`;
const all = [...CASES, ...ODD, ...QUEUED];

/** The sentences that hold something of it, with what it is. */
function sayingOf(said: readonly string[]): string[] {
  return NOT_THERE.flatMap(([what, pattern]) =>
    [...new Set(said.filter((words) => pattern.test(words)))].map((words) => `${what}: ${words}`),
  );
}

describe.each([
  ['with room', { CAPACITY_ROOT: '99', CAPACITY_SUBAGENTS: '99' }],
  ['that is full', {}],
] as const)('no word on a deployment %s tells of what is not there', (_name, settings) => {
  const ids: Ids = new Map();
  const deployment = deploymentPerFile({
    settings,
    fill: (pool) => insertCases(pool, ids, { cases: [...TAKEN, ...all] }),
  });

  test('in what is found of chats', async () => {
    await deployment.ages.restore();
    const chatIds = all.map(({ name }) => idOf(ids, name));
    const query = `query ($ids: [UUID!]!) { chatDebugSnapshots(chatIds: $ids) { ${DIAGNOSED_FIELDS} diagnosisEverywhere { summary } } }`;
    const { data, errors } = await deployment.field.ask<{
      chatDebugSnapshots: (DiagnosedNode & { diagnosisEverywhere: { summary: string } })[];
    }>(query, { ids: chatIds });
    const said = (data?.chatDebugSnapshots ?? []).flatMap(({ diagnosis, diagnosisEverywhere }) => [
      ...[diagnosis.summary, diagnosisEverywhere.summary],
      ...diagnosis.findings.flatMap(({ message, suggestion }) => [message, suggestion ?? '']),
    ]);
    expect(said.length).toBeGreaterThan(2 * all.length);
    expect(sayingOf([...said, ...errors.map(({ message }) => message)])).toEqual([]);
  });

  test('at the terminal', async () => {
    const outputs = [
      await chatDebug(deployment, 'stuck'),
      await chatDebug(deployment, 'replicas'),
      await chatDebug(deployment, 'why', idOf(ids, 'an owner that has stopped')),
      await chatDebug(deployment, 'why', idOf(ids, 'root chat that waits for ten minutes')),
      await chatDebug(deployment, 'snapshot', idOf(ids, 'R0')),
      await chatDebug(deployment, 'why', '00000000-0000-4000-8000-000000000000'),
    ];
    const said = outputs.flatMap(({ stdout, stderr }) => `${stdout}\n${stderr}`.split('\n'));
    expect(said.length).toBeGreaterThan(20);
    expect(sayingOf(said)).toEqual([]);
  });

  test('in a document that needs what nobody was asked', async () => {
    const { body } = await snapshotDocument(deployment, idOf(ids, 'R0'), '?require=runtime');
    expect(sayingOf([String(body.message), String(body.detail)])).toEqual([]);
  });

  test('in what is logged, and nothing there is a failure of our own', async () => {
    await deployment.field.ask(SNAPSHOT);
    expect(sayingOf(deployment.log)).toEqual([]);
    expect(deployment.log.filter((line) => /"level":(50|60)/.test(line))).toEqual([]);
  });
});

describe('more chats that somebody meets', () => {
  const ids: Ids = new Map();
  const deployment = deploymentPerFile({
    fill: (pool) => insertCases(pool, ids, { cases: ODD }),
    settings: { CAPACITY_ROOT: '50' },
  });

  test('are what they are', async () => {
    expect(await judge(deployment, ODD, ids)).toEqual(truthOf(ODD, 'newest'));
  });

  test('and of one whose row is old the debug log says when its model was last heard of', async () => {
    await deployment.ages.restore();
    const name = 'silent for an hour, while the debug log is written to';
    const { findings } = await deployment.field.diagnose(idOf(ids, name));
    expect(findings[0]).toMatchObject({
      message: expect.stringMatching(/not changed for 60 min.*debug log.* (8|9)(\.\d)? s ago/),
      suggestion: null,
    });
  });
});
