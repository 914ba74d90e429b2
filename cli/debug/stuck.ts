/** `chat-debug stuck`: lists chats in trouble, or perhaps in trouble, among those whose rows look like it. */
import * as z from 'zod';
import type { Ask, Problem } from './ask.ts';
import { codeOf, type Shown, withoutAnswer, worstOf } from './shown.ts';
import { type Chat, chat, type FoundChat, suspect } from './stuckShape.ts';
import { stuckText } from './stuckText.ts';

/** Suspects in one question. The cost of diagnosing them stays far below the usual MAX_COST. */
const PAGE_SIZE = 50;

const pageInfo = z.object({ hasNextPage: z.boolean(), endCursor: z.string().nullable() });
const suspects = z.object({
  chats: z.object({ edges: z.array(z.object({ node: suspect })), pageInfo }).nullable(),
});

const answer = z.object({ chatDebugSnapshots: z.array(chat.nullable()) });
/** Raw answer, as far as it is taken apart and put together again. */
const rawAnswer = z.object({ chatDebugSnapshots: z.array(z.unknown()) });

/**
 * Looks for chats in trouble, oldest trouble first.
 * `--json` gets the shape of one page of `chats` with only those edges.
 * @param first number of chats to look for
 * @throws NoAnswer
 */
export async function askStuck(ask: Ask, first: number): Promise<Shown> {
  const found = new Map<string, FoundChat>();
  const problems: Problem[] = [];
  const others: Chat[] = [];
  let next: z.output<typeof pageInfo> = { hasNextPage: true, endCursor: null };
  while (next.hasNextPage && found.size < first) {
    const page = await askPage(ask, next.endCursor);
    for (const one of page.found) {
      if (found.size === first) break;
      if (isTrouble(one)) found.set(one.suspect.chatId, one);
      else if (one.chat) others.push(one.chat);
    }
    problems.push(...page.problems);
    next = page.pageInfo;
  }
  const chats = [...found.values()];
  return {
    json: { chats: { edges: chats.map(({ node }) => ({ node })), pageInfo: next } },
    problems,
    code: worstOf(chats.map(({ chat }) => codeOf(chat?.diagnosis.verdict ?? 'UNKNOWN'))),
    text: (page) => stuckText(page, chats, others, chats.length === first),
  };
}

/** Chats of a page that still exist. */
async function askPage(ask: Ask, after: string | null) {
  const listed = await ask('stuck', { first: PAGE_SIZE, after }, suspects);
  const { edges, pageInfo } = listed.data.chats ?? withoutAnswer(listed, 'The gateway lists no chats.');
  if (edges.length === 0) return { found: [], pageInfo, problems: listed.problems };
  const asked = edges.map(({ node }) => node);
  const read = await ask('stuckChats', { chats: asked.map(({ chatId }) => chatId) }, answer);
  const asTheyCame = rawAnswer.parse(read.raw).chatDebugSnapshots;
  const refused = new Set(read.problems.map(({ path }) => path?.[1]));
  const found = asked.flatMap((suspect, i): FoundChat[] => {
    const chat = read.data.chatDebugSnapshots[i] ?? null;
    if (!chat && !refused.has(i)) return []; // deleted meanwhile
    return [{ suspect, chat, node: asTheyCame[i] ?? suspect }];
  });
  return { found, pageInfo, problems: [...listed.problems, ...read.problems] };
}

const isTrouble = ({ chat }: FoundChat) => !chat || ['STUCK', 'FAILED', 'UNKNOWN'].includes(chat.diagnosis.verdict);
