/** All chats, newest change first, read page by page as one scrolls. */
import { useEffect, useState } from 'preact/hooks';
import { ask, type Problem } from '../data/ask.ts';
import { nowMs } from '../data/clock.ts';
import { type ChatFilter, type Listed, AllChats as Operation } from '../data/operations.ts';
import { stateOf } from '../data/route.ts';
import { clockOf, manyOf } from '../data/time.ts';
import { ChatRow } from './chatRow.tsx';
import { useCommands } from './commands.ts';
import { holds } from './fleetFilters.tsx';
import { LongList } from './longList.tsx';
import { Problems } from './problems.tsx';

const PAGE = 100;
/** Rows that are read ahead of what is seen. */
const AHEAD = 50;

interface Read {
  readonly chats: readonly (Listed & { readonly atMs: number })[];
  readonly after: string | null;
  readonly hasMore: boolean;
  readonly atMs: number;
  readonly problems: readonly Problem[];
}

const NOTHING: Read = { chats: [], after: null, hasMore: true, atMs: 0, problems: [] };

export function AllChats({ filter }: { filter: ChatFilter }) {
  const key = JSON.stringify(filter);
  const [read, setRead] = useState<Read>(NOTHING);
  const [round, setRound] = useState(0);
  const [wanted, setWanted] = useState(1);
  useEffect(() => {
    setRead(NOTHING);
    setWanted(1);
  }, [key, round]);
  useEffect(() => {
    if (!read.hasMore || read.chats.length >= wanted) return;
    const aborting = new AbortController();
    void ask(Operation, { filter, first: PAGE, after: read.after }, aborting.signal).then(({ data, problems }) => {
      if (aborting.signal.aborted) return;
      const atMs = nowMs();
      if (!data) return setRead({ ...read, hasMore: false, problems });
      const { edges, pageInfo } = data.chats;
      const known = new Set(read.chats.map(({ chatId }) => chatId));
      const more = edges.filter(({ node }) => !known.has(node.chatId)).map(({ node }) => ({ ...node, atMs }));
      const chats = [...read.chats, ...more];
      setRead({ chats, after: pageInfo.endCursor, hasMore: pageInfo.hasNextPage, atMs: read.atMs || atMs, problems });
    });
    return () => aborting.abort();
  }, [read, wanted, key, round]);
  const again = () => setRound(round + 1);
  useCommands([{ name: 'Load the list again', keys: 'r', run: again }], [round]);
  const text = stateOf('q').trim();
  const shown = text ? read.chats.filter((chat) => holds(chat, text)) : read.chats;
  return (
    <>
      <p class="count">
        {read.atMs
          ? `${read.hasMore ? `${shown.length}+ chats` : manyOf(shown.length, 'chat')}, as they were at ${clockOf(read.atMs)}. `
          : read.problems.length > 0
            ? 'They could not be read. '
            : 'Asking… '}
        {text ? `Searched in ${read.chats.length} that are loaded. ` : ''}
        <button type="button" onClick={again}>
          Load again <kbd>r</kbd>
        </button>{' '}
        {text && read.hasMore ? (
          <button type="button" onClick={() => setWanted(read.chats.length + 10 * PAGE)}>
            Search 1,000 more
          </button>
        ) : null}
      </p>
      <Problems problems={read.problems} />
      <LongList
        count={shown.length}
        keyOf={(i) => shown[i]?.chatId ?? i}
        onSeen={(last) => {
          if (last + AHEAD > read.chats.length) setWanted(read.chats.length + 1);
        }}
      >
        {(i, place) => {
          const chat = shown[i];
          return chat ? <ChatRow key={chat.chatId} chat={chat} atMs={chat.atMs} place={place} /> : null;
        }}
      </LongList>
    </>
  );
}
