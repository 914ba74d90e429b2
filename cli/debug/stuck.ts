/** `chat-debug stuck`: of the chats whose rows look like trouble, those that are in trouble, or may be. */
import { z } from 'zod';
import { VERDICTS } from '../../subgraphs/diagnosis/diagnosis.ts';
import { secondsText } from '../../subgraphs/diagnosis/wording.ts';
import type { Ask, Problem } from './ask.ts';
import { blocks, columns, counted, lines, type Page, paragraph, verdictText } from './layout.ts';
import { codeOf, type Shown, withoutAnswer, worstOf } from './shown.ts';

/** Suspects asked for at once: what a diagnosis of each costs stays far below the usual MAX_COST. */
const PAGE_SIZE = 50;

const node = z.object({
  chatId: z.string(),
  executionState: z.string(),
  database: z.object({
    workerId: z.string().nullable(),
    updatedAgeSeconds: z.number(),
    retrySecondsLeft: z.number().nullable(),
    requiresActionSecondsLeft: z.number().nullable(),
  }),
  diagnosis: z.object({
    verdict: z.enum(VERDICTS),
    findings: z.array(z.object({ code: z.string(), message: z.string() })),
  }),
});
type Chat = z.output<typeof node>;

const pageInfo = z.object({ hasNextPage: z.boolean(), endCursor: z.string().nullable() });
type PageInfo = z.output<typeof pageInfo>;
const answer = z.object({
  chats: z
    .object({
      edges: z.array(z.object({ node })),
      pageInfo,
    })
    .nullable(),
});
/** The same answer as it came, as far as it is taken apart and put together again. */
const rawAnswer = z.object({ chats: z.object({ edges: z.array(z.unknown()) }) });

/**
 * The oldest trouble first; as `--json` it has the shape of one page of the answer, with the edges of those chats alone.
 * @param first how many to look for
 * @throws NoAnswer
 */
export async function askStuck(ask: Ask, first: number): Promise<Shown> {
  const found = new Map<string, Found>();
  const problems: Problem[] = [];
  let suspects = 0;
  let pageInfo: PageInfo = { hasNextPage: true, endCursor: null };
  while (pageInfo.hasNextPage && found.size < first) {
    const page = await askPage(ask, pageInfo.endCursor);
    for (const { chat, edge } of page.chats) {
      if (found.size === first) break;
      suspects += 1;
      if (isStuck(chat)) found.set(chat.chatId, { chat, edge });
    }
    problems.push(...page.problems);
    pageInfo = page.pageInfo;
  }
  const chats = [...found.values()].map(({ chat }) => chat);
  return {
    json: { chats: { edges: [...found.values()].map(({ edge }) => edge), pageInfo } },
    problems,
    code: worstOf(chats.map(({ diagnosis }) => codeOf(diagnosis.verdict))),
    text: (page) => stuckText(page, chats, suspects, chats.length === first),
  };
}

/** A chat, and the edge that it came in, as it came. */
interface Found {
  readonly chat: Chat;
  readonly edge: unknown;
}

async function askPage(ask: Ask, after: string | null) {
  const { data, raw, problems } = await ask('stuck', { first: PAGE_SIZE, after }, answer);
  const { edges, pageInfo } = data.chats ?? withoutAnswer({ problems }, 'The gateway lists no chats.');
  const asTheyCame = rawAnswer.parse(raw).chats.edges;
  return { chats: edges.map(({ node: chat }, i): Found => ({ chat, edge: asTheyCame[i] })), pageInfo, problems };
}

const isStuck = ({ diagnosis: { verdict } }: Chat) => ['STUCK', 'FAILED', 'UNKNOWN'].includes(verdict);

const WIDTHS = { chat: 36, state: 7, verdict: 7, age: 8, owner: 8 };

function stuckText(page: Page, chats: readonly Chat[], suspects: number, isFull: boolean): string {
  if (chats.length === 0) {
    const looked =
      suspects === 0 ? '' : `: ${counted(suspects, 'chat')} looked like it, and ${suspects === 1 ? 'is' : 'are'} well`;
    return paragraph(page, `No chat is in trouble${looked}.`);
  }
  const looked = `of ${suspects} that ${suspects === 1 ? 'looks' : 'look'} like trouble`;
  const { chat, state, verdict, age } = WIDTHS;
  const grid = (row: readonly string[]) => columns(page, [chat, state, verdict, age], [row]);
  return blocks(
    lines(
      page.paint.bold(grid(['chat', 'state', 'verdict', 'for', 'owner'])),
      ...chats.map((one) => {
        const owner = one.database.workerId?.slice(0, WIDTHS.owner) ?? '–';
        const words = [one.chatId, one.executionState, verdictText(page, one.diagnosis.verdict)];
        const [worst] = one.diagnosis.findings;
        const what = worst ? paragraph(page, `${worst.code}: ${worst.message}`, 2) : '';
        return lines(grid([...words, secondsText(troubleSeconds(one)), owner]), what);
      }),
    ),
    lines(
      paragraph(page, `${counted(chats.length, 'chat')}, ${looked}${isFull ? ' so far: --first shows more' : ''}.`),
      paragraph(page, 'npm run chat-debug -- why <chat> says what is the matter with one.'),
    ),
  );
}

/** How long it has been so: since a time that passed, else since the row changed. */
function troubleSeconds({ database, diagnosis }: Chat): number {
  const { requiresActionSecondsLeft: action, retrySecondsLeft: retry, updatedAgeSeconds } = database;
  const code = diagnosis.findings[0]?.code;
  if (code === 'ACTION_DEADLINE_PASSED' && action !== null) return -action;
  if (code === 'RETRY_OVERDUE' && retry !== null) return -retry;
  return updatedAgeSeconds;
}
