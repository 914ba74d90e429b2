/** `chat-debug snapshot`: shows both halves of a chat, one above the other. */
import type { Answered, Ask, Problem } from './ask.ts';
import { inMemory } from './inMemory.ts';
import { blocks, fields, lines, type Page, paragraph, verdictText } from './layout.ts';
import { codeOf, noSuchChat, type Shown, withoutAnswer } from './shown.ts';
import { type ShownSnapshot, snapshotAnswer } from './snapshotShape.ts';
import { writtenDown } from './writtenDown.ts';

/** @throws NoAnswer, also if there is no such chat */
export async function askSnapshot(ask: Ask, chatId: string): Promise<Shown> {
  const { data, raw, problems } = await askBothHalves(ask, chatId);
  const chat = data.chatDebugSnapshot ?? withoutAnswer({ problems }, noSuchChat(chatId));
  const code = codeOf(chat.diagnosis?.verdict ?? 'UNKNOWN');
  return { json: raw, problems, code, text: (page) => snapshotText(page, chat, problems) };
}

/** Asks for both halves, and again without the diagnosis if that failed: its failure takes the whole answer. */
async function askBothHalves(ask: Ask, chat: string): Promise<Answered<{ chatDebugSnapshot: ShownSnapshot | null }>> {
  const whole = await ask('snapshot', { chat }, snapshotAnswer);
  const failed = whole.problems.filter(({ path }) => path?.includes('diagnosis'));
  if (whole.data.chatDebugSnapshot || failed.length === 0) return whole;
  const halves = await ask('snapshot', { chat, judged: false }, snapshotAnswer);
  return { ...halves, problems: [...failed, ...halves.problems] };
}

const NOT_JUDGED = { verdict: 'UNKNOWN', summary: 'The gateway could make no diagnosis of it.' } as const;

function snapshotText(page: Page, chat: ShownSnapshot, problems: readonly Problem[]): string {
  const { chatId, executionState, database, runtime, candidates, diagnosis = NOT_JUDGED } = chat;
  const { bold } = page.paint;
  return blocks(
    lines(
      paragraph(page, `${verdictText(page, diagnosis.verdict)}  chat ${chatId}, state ${executionState}`),
      paragraph(page, diagnosis.summary),
    ),
    lines(bold('Written down'), fields(page, writtenDown(database, problems))),
    lines(
      bold('In memory'),
      runtime ? '' : paragraph(page, 'No replica owns the chat.', 2),
      fields(page, inMemory(runtime, candidates ?? [])),
    ),
  );
}
