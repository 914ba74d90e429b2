/**
 * Random sequences of transitions, on Postgres and on the table alone: same refusals, states and versions. `npm run
 * test:slow` runs five times as many, `npm run test:model` a thousand times.
 */

import { randomUUID } from 'node:crypto';
import { beforeAll, expect, test } from '@jest/globals';
import fc from 'fast-check';
import { executionState } from '../../../../domain/executionState.ts';
import { TABLE } from '../../../../domain/stateMachine.ts';
import { type TransitionName, TransitionRefused } from '../../../../domain/transitions.ts';
import type { ChatState } from '../../../../subgraphs/runtime/chatd/chatState.ts';
import { ChatStore } from '../../../../subgraphs/runtime/chatd/chatStore.ts';
import { ChatClient } from '../../../support/chatClient.ts';
import { created, type ModelChat, predict } from '../../../support/chatModel.ts';
import { databasePerFile } from '../../../support/database.ts';
import { MODEL_SEQUENCES } from '../../../support/scale.ts';

const database = databasePerFile();
let store: ChatStore;
let client: ChatClient;
beforeAll(() => {
  store = new ChatStore(database.pool);
  client = new ChatClient(database.pool, store);
});

interface Asked {
  readonly names: readonly TransitionName[];
  readonly calls: number;
}

/** These name a row that must be there before the transaction begins. */
const NAMES_A_ROW: readonly TransitionName[] = ['edit', 'deleteQueued', 'promoteQueued', 'completeRequiresAction'];
const name = fc.constantFrom(...(Object.keys(TABLE) as TransitionName[]));
/** One transaction: mostly one transition; sometimes a step that commits together with what follows it. */
const names = fc.oneof(
  { weight: 6, arbitrary: fc.tuple(name) },
  {
    weight: 3,
    arbitrary: fc.constantFrom<TransitionName[]>(['commitStep', 'finishTurn'], ['commitStep', 'enterRequiresAction']),
  },
  {
    weight: 1,
    arbitrary: fc.tuple(
      name,
      name.filter((second) => !NAMES_A_ROW.includes(second)),
    ),
  },
);
const sequence = fc.array(fc.record({ names, calls: fc.nat(2) }), { minLength: 1, maxLength: 6 });

const create = async () => (await store.create({ ownerId: randomUUID(), text: 'hello' })).id;

/** Outcome; undefined: refused. Any other failure fails the test. */
async function ask(chatId: string, { names, calls }: Asked): Promise<ChatState | undefined> {
  try {
    return await client.ask(chatId, names, calls);
  } catch (error) {
    if (error instanceof TransitionRefused) return undefined;
    throw error;
  }
}

const steps = ({ names, calls }: Asked) =>
  names.map((each) => ({ name: each, calls: ['commitStep', 'finishInterruption'].includes(each) ? calls : 0 }));

function expectSame(chat: ChatState, model: ModelChat): void {
  const { snapshotVersion, historyVersion, queueVersion, generationAttempt, queueDepth } = chat;
  const { openCalls: _unseen, ...expected } = model;
  expect({
    state: executionState(chat),
    snapshotVersion,
    historyVersion,
    queueVersion,
    generationAttempt,
    queueDepth,
  }).toEqual(expected);
}

test(`${MODEL_SEQUENCES} random sequences end on Postgres where the table says`, async () => {
  await fc.assert(
    fc.asyncProperty(fc.array(sequence, { minLength: 20, maxLength: 20 }), async (sequences) => {
      await Promise.all(
        sequences.map(async (asked) => {
          const chatId = await create();
          let model = created;
          for (const each of asked) {
            const expected = predict(model, steps(each));
            const chat = await ask(chatId, each);
            expect(chat === undefined).toBe(expected === undefined);
            if (!chat || !expected) continue;
            expectSame(chat, expected);
            model = expected;
          }
        }),
      );
    }),
    { numRuns: MODEL_SEQUENCES / 20, endOnFailure: true },
  );
}, 1_200_000);

test('many clients on one chat: no gap in the versions, and each state follows from the one before', async () => {
  await fc.assert(
    fc.asyncProperty(fc.array(sequence, { minLength: 5, maxLength: 8 }), async (clients) => {
      const chatId = await create();
      const done: { asked: Asked; chat: ChatState }[] = [];
      await Promise.all(
        clients.map(async (asked) => {
          for (const each of asked) {
            const chat = await ask(chatId, each);
            if (chat) done.push({ asked: each, chat });
          }
        }),
      );
      done.sort((one, other) => one.chat.snapshotVersion - other.chat.snapshotVersion);
      expect(done.map(({ chat }) => chat.snapshotVersion)).toEqual(done.map((_each, place) => place + 2));
      let model = created;
      for (const { asked, chat } of done) {
        const expected = predict(model, steps(asked));
        if (!expected) throw new Error(`${asked.names} happened in ${model.state}, where it is not possible`);
        expectSame(chat, expected);
        model = expected;
      }
    }),
    { numRuns: MODEL_SEQUENCES / 50, endOnFailure: true },
  );
}, 1_200_000);
