/** Ways to take a chat along: its id, a link, the query, the answer, and text for a ticket. */
import { addressOf } from '../data/address.ts';
import { Chat, type WholeChat } from '../data/operations.ts';
import { linkTo } from '../data/route.ts';
import { ticketText } from '../data/ticket.ts';
import { useCommands } from './commands.ts';
import { copy } from './notice.tsx';

/** The page's own query with the id in it, so that it runs wherever it is pasted. */
const queryOf = (chatId: string) =>
  Chat.text.replace('query Chat($chatId: UUID!)', 'query Chat').replaceAll('$chatId', JSON.stringify(chatId));

const graphiqlLink = (query: string): string => addressOf(`graphiql?query=${encodeURIComponent(query)}`);

export function CopyMenu({ chat, atMs }: { chat: WholeChat; atMs: number }) {
  const { chatId } = chat;
  const link = linkTo(`chats/${chatId}`);
  const graphiql = graphiqlLink(queryOf(chatId));
  const ways = [
    { name: 'Copy the text for a ticket', keys: 'c', run: () => void copy('The text', ticketText(chat, link, atMs)) },
    { name: 'Copy the link', keys: 'y', run: () => void copy('The link', link) },
    { name: 'Copy the id', run: () => void copy('The id', chatId) },
    { name: 'Copy the GraphQL', run: () => void copy('The query', queryOf(chatId)) },
    { name: 'Copy the JSON', run: () => void copy('The answer', JSON.stringify(chat, null, 2)) },
  ];
  useCommands([...ways, { name: 'Open this chat in GraphiQL', keys: 'v', run: () => window.open(graphiql) }], [chat]);
  return (
    <span class="ways">
      <button type="button" popovertarget="ways">
        Copy…
      </button>
      <span id="ways" popover="auto">
        {ways.map(({ name, run }) => (
          <button
            key={name}
            type="button"
            onClick={() => {
              document.querySelector<HTMLElement>('#ways')?.hidePopover();
              run();
            }}
          >
            {name}
          </button>
        ))}
      </span>
      {/* biome-ignore lint/security/noBlankTarget: a page of our own, which gets the token of this tab only so */}
      <a href={graphiql} target="_blank" rel="opener">
        Open in GraphiQL
      </a>
    </span>
  );
}
