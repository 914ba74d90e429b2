/** Comparison of our gateway with another one, apart from what changes between two questions. */
import { expect } from '@jest/globals';
import { parse, print, visit } from 'graphql';
import { exampleQueries } from '../../gateway/http/graphiql.ts';
import { SNAPSHOT_OPERATION } from '../../gateway/queries/snapshotOperation.ts';
import { callerToken } from '../gateway/gateways.ts';
import type { CallerSystem } from './callerSystem.ts';

interface Question {
  readonly query: string;
  readonly variables?: Readonly<Record<string, unknown>>;
}

/** The diagnosis is compared by itself below: its words have times, and differ where it cannot read a chat again. */
const withoutDiagnosis = (query: string): string =>
  print(visit(parse(query), { Field: ({ name }) => (/^diagnosis/.test(name.value) ? null : undefined) }));

const RUNTIME = `reachability { status address reason } localWorkerId workerIdMatchesLocal
  runners { runnerId phase activeTaskKind tasks { id kind historyVersion } lease { staleAfterSeconds } }
  messageBuffers { partsBuffered bytesBuffered isClosed }`;

function questions({ chats }: CallerSystem): Record<string, Question> {
  const ids = [chats.unowned, chats.streaming, chats.missing, chats.dead, chats.others, chats.streaming];
  const variables = { chatId: chats.streaming, chatIds: ids, chat: chats.dead };
  const examples = exampleQueries().map(({ title, query }) => {
    const named = [...query.matchAll(/\$(\w+): /g)].map(([, name = '']) => [name, variables[name as 'chat']]);
    return [title, { query: withoutDiagnosis(query), variables: Object.fromEntries(named) }] as const;
  });
  return {
    ...Object.fromEntries(examples),
    'the snapshot document': { query: withoutDiagnosis(SNAPSHOT_OPERATION), variables: { chat: chats.streaming } },
    'the snapshot document of a chat whose owner is dead': {
      query: withoutDiagnosis(SNAPSHOT_OPERATION),
      variables: { chat: chats.dead },
    },
    'a list with nulls, unowned chats, a dead owner and a chat twice': {
      query: `query ($ids: [UUID!]!) { chatDebugSnapshots(chatIds: $ids) { chatId database { workerId } runtime { ${RUNTIME} } } }`,
      variables: { ids },
    },
    'aliases of fields, of the routed half and of its outcome': {
      query: `query ($id: UUID!) {
        a: chatDebugSnapshot(chatId: $id) { id: chatId one: runtime { r: reachability { s: status } held: runners { id: runnerId } } }
        b: chatDebugSnapshot(chatId: "${chats.dead}") { two: runtime { workerId w: localWorkerId reachability { status } held: runners { phase } } }
      }`,
      variables: { id: chats.streaming },
    },
    'fragments and conditions': {
      query: `query ($id: UUID!, $yes: Boolean = true, $no: Boolean = false) {
        chatDebugSnapshot(chatId: $id) { ...Both runtime @skip(if: $yes) { eventLoopDelayMs } }
      }
      fragment Both on ChatDebugSnapshot { executionState runtime { ...Memory localWorkerId @include(if: $no) } }
      fragment Memory on ChatRuntime { runners { runnerId @include(if: $yes) phase } }`,
      variables: { id: chats.streaming },
    },
    'a page of chats with both halves': {
      query: `{ chats(first: 10) { edges { cursor node { chatId database { status messageStats { total } } runtime { ${RUNTIME} } } } pageInfo { hasNextPage } } }`,
    },
    'every replica about one chat, in a list of chats': {
      query: `query ($ids: [UUID!]!) { chatDebugSnapshots(chatIds: $ids) { chatId everywhere { workerId ${RUNTIME} } } }`,
      variables: { ids },
    },
    'the replicas, with an argument below': {
      query: `query ($n: Int = 1) { replicas { id isAlive runtime { reachability { status } capacity isFull runners(first: $n) { chatId phase } } } }`,
    },
    'the outcome alone': {
      query: `query ($ids: [UUID!]!) { chatDebugSnapshots(chatIds: $ids) { runtime { reachability { status } } } }`,
      variables: { ids },
    },
    'the diagnosis, in the fields that do not depend on the moment': {
      query: `query ($ids: [UUID!]!) { chatDebugSnapshots(chatIds: $ids) { diagnosis { verdict findings { code severity } } } }`,
      variables: { ids },
    },
    '__typename everywhere': {
      query: `query ($id: UUID!) { __typename chatDebugSnapshot(chatId: $id) { __typename database { __typename } runtime { __typename reachability { __typename } } } }`,
      variables: { id: chats.streaming },
    },
  };
}

/** Differ from one question to the next. */
const VOLATILE =
  /^(connections|lockWaits|secondsSinceProgress|lastProgressAt|lastPartAt|partsBuffered|bytesBuffered|takenAt|observedAt|elapsedMs|.*Seconds|eventLoopDelayMs|residentBytes|renewedAt|heartbeatAt|lastRunAt|updatedAt|lastUpdateAt|cursor|endCursor)$/;
const FIXED = ['staleAfterSeconds', 'intervalSeconds'];

/** A breaker is each process's own: the dead replica's may be open in one of them. */
const stable = (data: unknown): unknown =>
  JSON.parse(
    JSON.stringify(data ?? null, (key, value) => {
      if (value === 'CIRCUIT_OPEN') return 'UNREACHABLE';
      const isVolatile = key === 'reason' || (VOLATILE.test(key) && !FIXED.includes(key));
      return isVolatile && value !== null ? '…' : value;
    }),
  );

async function ask({ url }: { url: string }, question: Question, token: string) {
  const response = await fetch(url, {
    method: 'POST',
    headers: { 'content-type': 'application/json', accept: 'application/json', authorization: `Bearer ${token}` },
    body: JSON.stringify(question),
  });
  return (await response.json()) as { data?: unknown; errors?: unknown[] };
}

/** @param other where it answers GraphQL */
export async function expectSameAnswers(
  system: CallerSystem,
  other: { url: string },
  { withDiagnosis = true } = {},
): Promise<void> {
  const callers = { operator: await callerToken(), owner: await callerToken({ sub: system.ownerId }) };
  for (const [caller, token] of Object.entries(callers)) {
    for (const [what, question] of Object.entries(questions(system))) {
      if (!withDiagnosis && question.query.includes('diagnosis')) continue;
      const [ours, theirs] = [
        await ask({ url: `${system.ours.url}/graphql` }, question, token),
        await ask(other, question, token),
      ];
      const shown = { caller, what };
      expect({ ...shown, isAnswered: ours.data !== undefined, errors: ours.data ? [] : ours.errors }).toEqual({
        ...shown,
        ...{ isAnswered: true, errors: [] },
      });
      expect({ ...shown, data: stable(theirs.data), errors: theirs.data ? [] : theirs.errors }).toEqual({
        ...shown,
        ...{ data: stable(ours.data), errors: [] },
      });
    }
  }
}
