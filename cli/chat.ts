/** `npm run chat`: drives chats from a terminal, through the same state machine as everybody else. */

import { Command } from 'commander';
import type pg from 'pg';
import { executionState } from '../domain/executionState.ts';
import { textContent } from '../domain/messages.ts';
import { ChatNotFound, type Transition } from '../domain/transitions.ts';
import { assertOwnSchema } from '../prisma/migrations.ts';
import { readChats } from '../subgraphs/runtime/chatd/chatState.ts';
import { ChatStore } from '../subgraphs/runtime/chatd/chatStore.ts';
import { rowIdArgument, textArgument, uuidArgument } from './arguments.ts';
import { describeChat, readChatDetails, readOpenCalls } from './chatDetails.ts';
import { chatTable, listChats } from './chatList.ts';
import { followChat } from './follow.ts';
import { openPool } from './pool.ts';
import { endWithOutput } from './standardOutput.ts';
import { findSystem, reportAndExit, type System } from './system.ts';
import { parseToolOutputs } from './toolOutputs.ts';

endWithOutput();

interface Session {
  readonly system: System;
  readonly pool: pg.Pool;
  readonly store: ChatStore;
}

const OPERATOR_ERROR = {
  ...{ kind: 'reconciled', message: 'An operator put the chat into this state', provider: 'operator' },
  ...{ status_code: null, retryable: false },
};

const program = new Command('npm run chat --').description('Creates chats and drives them.').exitOverride();

program
  .command('create')
  .description('create a chat with a first message; prints its id')
  .argument('<text>', 'the message', textArgument)
  .option('--owner <uuid>', 'the user whom the chat belongs to (default: of the printed token)', uuidArgument)
  .option('--parent <chat>', 'the chat that this one is started from', uuidArgument)
  .action((text: string, options: { owner?: string; parent?: string }) =>
    withDatabase(async ({ store, pool, system }) => {
      const ownerId = options.owner ?? system.ownerId;
      if (!ownerId) throw new Error('Whose chat shall it be? Give --owner <uuid>.');
      if (options.parent) await find(pool, options.parent);
      const chat = await store.create({ ownerId, text, ...(options.parent ? { parentId: options.parent } : {}) });
      console.log(chat.id);
    }),
  );

onChat('send', 'send a message; it is queued while the chat is busy')
  .argument('<text>', 'the message', textArgument)
  .option('--interrupt', 'interrupt what runs, so that the message is answered next')
  .action((id: string, text: string, { interrupt }: { interrupt?: true }) =>
    move(id, (ownerId) => ({ name: interrupt ? 'sendInterrupting' : 'send', message: messageOf(text, ownerId) })),
  );
onChat('edit', 'put another message in the place of one, and delete what came after it')
  .argument('<message>', 'the message’s number, as `show` prints it', rowIdArgument)
  .argument('<text>', 'the new message', textArgument)
  .action((id: string, messageId: string, text: string) =>
    move(id, (ownerId) => ({ name: 'edit', messageId, message: messageOf(text, ownerId) })),
  );
onChat('interrupt', 'interrupt the running turn').action((id: string) => move(id, () => ({ name: 'interrupt' })));
onChat('archive', 'archive a chat; a first chat takes its whole family with it').action((id: string) =>
  move(id, () => ({ name: 'archive' })),
);
onChat('unarchive', 'bring an archived chat back').action((id: string) => move(id, () => ({ name: 'unarchive' })));
onChat('tool-result', 'answer the tool calls that the chat waits for')
  .argument(
    '<result...>',
    'CALL=OUTPUT for each open call, as `show` prints them; OUTPUT is JSON, or else taken as text',
  )
  .action((id: string, results: string[]) =>
    move(id, async (_, pool) => ({
      name: 'completeRequiresAction',
      results: parseToolOutputs(results, await readOpenCalls(pool, id)),
    })),
  );
onChat('delete-queued', 'delete a queued message')
  .argument('<queued>', 'its number, as `show` prints it', rowIdArgument)
  .action((id: string, queuedId: string) => move(id, () => ({ name: 'deleteQueued', queuedId })));
onChat('promote-queued', 'answer a queued message next')
  .argument('<queued>', 'its number, as `show` prints it', rowIdArgument)
  .action((id: string, queuedId: string) => move(id, () => ({ name: 'promoteQueued', queuedId })));
onChat('reconcile', 'bring a chat in an invalid state back to one that the state machine knows').action((id: string) =>
  move(id, () => ({ name: 'reconcileInvalidState', error: OPERATOR_ERROR })),
);
onChat('release', 'take a chat from the replica that owns it, so that another can take it').action((id: string) =>
  move(id, () => ({ name: 'abandon' })),
);
onChat('follow', 'show what the model streams for a chat, whichever replica owns it, until the turn ends').action(
  (chatId: string) =>
    withDatabase(({ system, pool }) => followChat({ chatId, pool, internalSecret: system.internalSecret })),
);
onChat('show', 'show a chat’s messages, its queue and the tool calls that it waits for').action((id: string) =>
  withDatabase(async ({ pool }) => {
    await find(pool, id);
    console.log(describeChat(await readChatDetails(pool, id)));
  }),
);

program
  .command('list')
  .description('list chats, the one changed last first')
  .option('--owner <uuid>', 'only those of this user', uuidArgument)
  .action(({ owner }: { owner?: string }) =>
    withDatabase(async ({ pool }) => console.log(chatTable(await listChats(pool, owner)))),
  );

function onChat(name: string, description: string): Command {
  return program.command(name).description(description).argument('<chat>', 'the chat', uuidArgument);
}

const messageOf = (text: string, createdBy: string) => ({ content: textContent(text), createdBy });

/** Applies one transition to one chat and says where that led. */
function move(
  id: string,
  transition: (ownerId: string, pool: pg.Pool) => Transition | Promise<Transition>,
): Promise<void> {
  return withDatabase(async ({ store, pool }) => {
    const before = await find(pool, id);
    const after = await store.apply(id, await transition(before.ownerId, pool));
    console.log(`${id}: ${executionState(before)} → ${executionState(after)}`);
  });
}

async function find(pool: pg.Pool, id: string) {
  const [chat] = await readChats(pool, [id]);
  if (!chat) throw new ChatNotFound(`There is no chat ${id}.`);
  return chat;
}

async function withDatabase(work: (session: Session) => Promise<void>): Promise<void> {
  const system = findSystem();
  const pool = openPool(system);
  try {
    const client = await pool.connect();
    await assertOwnSchema(client).finally(() => client.release());
    await work({ system, pool, store: new ChatStore(pool) });
  } finally {
    await pool.end();
  }
}

await program.parseAsync().catch(reportAndExit);
