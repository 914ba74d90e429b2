/** Chats in trouble, or perhaps in trouble, as text for a terminal. */
import { counted, secondsText } from '../../domain/diagnosis/wording.ts';
import { BY_ROWS_ALONE, blocks, columns, isAhead, lines, type Page, paragraph, verdictText } from './layout.ts';
import { othersText } from './stuckOthers.ts';
import type { Chat, FoundChat, Suspect } from './stuckShape.ts';

const WIDTHS = { chat: 36, state: 7, verdict: 7, age: 13, owner: 8 };

/**
 * @param others chats that looked like trouble and are not stuck
 * @param isFull true if there may be more
 */
export function stuckText(page: Page, found: readonly FoundChat[], others: readonly Chat[], isFull: boolean): string {
  if (found.length === 0) {
    return paragraph(page, `No chat is in trouble${lookedText(others)}.`);
  }
  const suspects = found.length + others.length;
  const looked = `of ${suspects} that ${suspects === 1 ? 'looks' : 'look'} like trouble`;
  const byRowsAlone = found.some(({ chat }) => chat?.runtime?.reachability.status === 'NOT_ASKED');
  return blocks(
    lines(
      page.paint.bold(grid(page, ['chat', 'state', 'verdict', 'for', 'owner'])),
      ...found.map(({ suspect, chat }) => (chat ? chatText(page, chat) : unreadText(page, suspect))),
    ),
    lines(
      paragraph(
        page,
        `${counted(found.length, 'chat')}, ${looked}${isFull ? ' so far: --first shows more' : ''}.${besideText(others)}`,
      ),
      byRowsAlone ? paragraph(page, BY_ROWS_ALONE) : '',
      paragraph(page, 'npm run chat-debug -- why <chat> says what is the matter with one.'),
    ),
  );
}

function lookedText(others: readonly Chat[]): string {
  const { length } = others;
  if (length === 0) return '';
  const what = othersText(others);
  if (what.length === 0) return `: ${counted(length, 'chat')} looked like it, and ${length === 1 ? 'is' : 'are'} well`;
  return `: of ${counted(length, 'chat')} that looked like it ${what}`;
}

function besideText(others: readonly Chat[]): string {
  const what = othersText(others);
  return what === '' ? '' : ` Of the others ${what}.`;
}

function grid(page: Page, row: readonly string[]): string {
  const { chat, state, verdict, age } = WIDTHS;
  return columns(page, [chat, state, verdict, age], [row]);
}

function chatText(page: Page, chat: Chat): string {
  const { chatId, executionState, database, diagnosis } = chat;
  const owner = database.workerId?.slice(0, WIDTHS.owner) ?? '–';
  const [worst] = diagnosis.findings;
  return lines(
    grid(page, [chatId, executionState, verdictText(page, diagnosis.verdict), troubleText(chat), owner]),
    worst ? paragraph(page, `${worst.code}: ${worst.message}`, 2) : '',
  );
}

const unreadText = (page: Page, { chatId, executionState }: Suspect): string =>
  lines(
    grid(page, [chatId, executionState, verdictText(page, 'UNKNOWN'), '–', '–']),
    paragraph(page, 'It could not be read.', 2),
  );

/** Time since the trouble began: since a passed time, else since the row changed. */
function troubleText({ database, diagnosis }: Chat): string {
  const { requiresActionSecondsLeft: action, retrySecondsLeft: retry, updatedAgeSeconds: age } = database;
  const code = diagnosis.findings[0]?.code;
  if (code === 'ACTION_DEADLINE_PASSED' && action !== null) return secondsText(-action);
  if (code === 'RETRY_OVERDUE' && retry !== null && retry < 0) return secondsText(-retry);
  if (age === null) return '–';
  return isAhead(age) ? `${secondsText(-age)} ahead` : secondsText(age);
}
