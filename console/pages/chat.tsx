/** One chat, as it is now. */
import { useState } from 'preact/hooks';
import { nameOr } from '../data/legible.ts';
import { Chat, ChatEverywhere, ChatFamily, ChatLive, ChatPast } from '../data/operations.ts';
import { isUuid } from '../data/uuid.ts';
import { toOffers } from '../parts/act.tsx';
import { ActOffers } from '../parts/actOffers.tsx';
import { ChatView } from '../parts/chatView.tsx';
import { useCommands } from '../parts/commands.ts';
import { CopyMenu } from '../parts/copyMenu.tsx';
import { relatedOf } from '../parts/family.tsx';
import { useAsk, useLive } from '../parts/live.ts';
import { Problems } from '../parts/problems.tsx';
import { useTitle } from '../parts/title.ts';

const EVERY_MS = 1_000;

export default function ChatPage({ id }: { id: string }) {
  if (!isUuid(id))
    return (
      <NoChat
        id={id}
        why="This is not the id of a chat: such an id has 36 characters, as in 16a224d7-672f-4bc5-8d12-67b46b980623."
      />
    );
  return <LiveChat chatId={id.toLowerCase()} />;
}

function LiveChat({ chatId }: { chatId: string }) {
  const seen = useLive({ stream: ChatLive, query: Chat, variables: { chatId }, everyMs: EVERY_MS });
  const chat = seen.data?.chatDebugSnapshot;
  const isThere = chat ? true : undefined;
  const [round, setRound] = useState(0);
  const version = chat?.database.snapshotVersion ?? undefined;
  const past = useAsk(ChatPast, { chatId }, isThere && `${version} ${chat?.diagnosis.verdict}`);
  const everywhere = useAsk(ChatEverywhere, { chatId }, isThere && `${round} ${chat?.database.workerId}`);
  const family = useAsk(ChatFamily, { chatId, related: chat ? relatedOf(chat) : [] }, isThere && version);
  const again = () => setRound(round + 1);
  useCommands(
    [
      { name: 'Ask every replica again', keys: 'e', run: again },
      { name: 'To the actions', keys: 'a', run: toOffers },
    ],
    [round],
  );
  useTitle(
    chat
      ? `${chat.diagnosis.verdict} · ${nameOr(chat.database.title, chatId.slice(0, 8))}`
      : `Chat ${chatId.slice(0, 8)}`,
  );
  const atMs = seen.atMs ?? 0;
  if (seen.data === undefined) return <p class="none">Asking…</p>;
  if (!chat) {
    if (seen.problems.length > 0) return <Problems problems={seen.problems} />;
    return (
      <NoChat
        id={chatId}
        why="There is no such chat, or you may not read it: its owner may, and whoever has the role chat-debug:read-all."
      />
    );
  }
  return (
    <>
      {seen.isOld ? null : <Problems problems={seen.problems} />}
      <ChatView
        chat={chat}
        atMs={atMs}
        past={past.data?.chatDebugSnapshot ?? undefined}
        pastProblems={past.problems}
        everywhere={{ asked: everywhere, again }}
        family={family}
        actions={<ActOffers chat={chat} />}
        ways={<CopyMenu chat={chat} atMs={atMs} />}
      />
    </>
  );
}

function NoChat({ id, why }: { id: string; why: string }) {
  useTitle('No such chat');
  return (
    <>
      <h1>No chat {id}</h1>
      <p>{why}</p>
    </>
  );
}
