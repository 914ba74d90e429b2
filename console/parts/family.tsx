/** Parent and children of a chat, with the worst verdict of all of them. */
import type { ChatFamilyAnswer, Relative, WholeChat } from '../data/operations.ts';
import { Verdict } from './badge.tsx';
import { ChatRow } from './chatRow.tsx';
import { VERDICTS } from './fleetFilters.tsx';
import type { Asked } from './live.ts';

/** Ids of the chat's parent and root. */
export const relatedOf = ({ chatId, database: { parentChatId, rootChatId } }: WholeChat): string[] =>
  [...new Set([parentChatId, rootChatId])].filter((id): id is string => id !== null && id !== chatId);

export function Family({ chat, asked: { data, atMs } }: { chat: WholeChat; asked: Asked<ChatFamilyAnswer> }) {
  const above = (data?.chatDebugSnapshots ?? []).filter((one) => one !== null);
  const children = data?.chatDebugSnapshot?.database.children;
  const below = children?.edges.map(({ node }) => node) ?? [];
  const lost = chat.database.lostChildren ?? [];
  if (above.length + below.length + lost.length === 0) return null;
  const verdicts = [chat.diagnosis.verdict, ...[...above, ...below].map(({ diagnosis }) => diagnosis.verdict)];
  const worst = VERDICTS.find((verdict) => verdicts.includes(verdict)) ?? 'UNKNOWN';
  const list = (name: string, members: readonly Relative[]) =>
    members.length === 0 ? null : (
      <>
        <h3>{name}</h3>
        <ol class="rows">
          {members.map((one) => (
            <ChatRow key={one.chatId} chat={one} diagnosis={one.diagnosis} atMs={atMs} />
          ))}
        </ol>
      </>
    );
  return (
    <section aria-labelledby="family">
      <h2 id="family">
        Family <span class="count">worst of {verdicts.length}:</span> <Verdict verdict={worst} />
      </h2>
      {list('Above', above)}
      {list(children?.pageInfo.hasNextPage ? 'Children, the first 20' : 'Children', below)}
      {lost.length > 0 ? (
        <p class="bad">
          Lost children: {lost.map(({ chatId, executionState }) => `${chatId} in ${executionState}`).join(', ')}
        </p>
      ) : null}
    </section>
  );
}
