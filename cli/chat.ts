/** `npm run chat`: drives chats through the same state machine as everybody else, from a terminal. */
import { Command } from 'commander';
import pg from 'pg';
import { assertOwnSchema } from '../prisma/migrations.ts';
import { type ChatState, readChats, stateOf } from '../subgraphs/runtime/chatd/chatState.ts';
import { ChatStore } from '../subgraphs/runtime/chatd/chatStore.ts';
import { textContent } from '../subgraphs/runtime/chatd/messages.ts';
import type { Transition } from '../subgraphs/runtime/chatd/stateMachine.ts';
import { uuidArgument } from './arguments.ts';
import { chatTable, listChats } from './chatList.ts';
import { followChat } from './follow.ts';
import { findSystem, reportAndExit, type System } from './system.ts';

interface Session {
  readonly system: System;
  readonly pool: pg.Pool;
  readonly store: ChatStore;
}

const program = new Command('npm run chat --')
  .description('Creates chats and drives them.')
  .exitOverride()
  .configureHelp({ showGlobalOptions: true });

program
  .command('create')
  .description('create a chat with a first message; prints its id')
  .argument('<text>', 'the message')
  .option('--owner <uuid>', 'the user whom the chat belongs to (default: of the printed token)', uuidArgument)
  .action((text: string, { owner }: { owner?: string }) =>
    withDatabase(async ({ store, system }) => {
      const ownerId = owner ?? system.ownerId;
      if (!ownerId) throw new Error('Whose chat shall it be? Give --owner <uuid>.');
      const chat = await store.create({ ownerId, text: required(text) });
      console.log(chat.id);
    }),
  );

transition('send', 'send a message; it is queued while the chat is busy', (text, chat) => ({
  name: 'send',
  content: textContent(required(text)),
  createdBy: chat.ownerId,
}));
transition('interrupt', 'interrupt the running turn', () => ({ name: 'interrupt' }));
transition('archive', 'archive a chat', () => ({ name: 'setArchived', archived: true }));
transition('unarchive', 'bring an archived chat back', () => ({ name: 'setArchived', archived: false }));

program
  .command('follow')
  .description('show what the model streams for a chat, whichever replica owns it, until the turn ends')
  .argument('<chat>', 'the chat', uuidArgument)
  .action((id: string) =>
    withDatabase(({ system, pool }) => followChat({ chatId: id, pool, internalSecret: system.internalSecret })),
  );

program
  .command('list')
  .description('list chats, the one changed last first')
  .option('--owner <uuid>', 'only those of this user', uuidArgument)
  .action(({ owner }: { owner?: string }) =>
    withDatabase(async ({ pool }) => console.log(chatTable(await listChats(pool, owner)))),
  );

/** A command that applies one transition to one chat and says where that led. */
function transition(name: string, description: string, make: (text: string, chat: ChatState) => Transition): void {
  const command = program.command(name).description(description).argument('<chat>', 'the chat', uuidArgument);
  if (name === 'send') command.argument('<text>', 'the message');
  command.action((id: string, second: unknown) =>
    withDatabase(async ({ store, pool }) => {
      const [before] = await readChats(pool, [id]);
      if (!before) throw new Error(`There is no chat ${id}.`);
      const text = typeof second === 'string' ? second : '';
      const after = await store.apply(id, make(text, before));
      console.log(`${id}: ${stateOf(before)} → ${stateOf(after)}`);
    }),
  );
}

function required(text: string): string {
  if (text.trim() === '') throw new Error('The message is empty.');
  return text;
}

async function withDatabase(work: (session: Session) => Promise<void>): Promise<void> {
  const system = findSystem();
  const pool = new pg.Pool({ connectionString: system.databaseUrl, max: 3 });
  try {
    const client = await pool.connect();
    await assertOwnSchema(client).finally(() => client.release());
    await work({ system, pool, store: new ChatStore(pool) });
  } finally {
    await pool.end();
  }
}

await program.parseAsync().catch(reportAndExit);
