/** `chat-debug why`: tells what is wrong with a chat, how that is known, and what to do. */
import * as z from 'zod';
import { CONSISTENCIES, SEVERITIES, type Severity, VERDICTS } from '../../domain/diagnosis/diagnosis.ts';
import type { Ask } from './ask.ts';
import { BY_ROWS_ALONE, blocks, columns, lines, type Page, paragraph, verdictText } from './layout.ts';
import { codeOf, noSuchChat, type Shown, withoutAnswer } from './shown.ts';

const finding = z.object({
  code: z.string(),
  severity: z.enum(SEVERITIES),
  message: z.string(),
  evidence: z.array(z.object({ source: z.string(), field: z.string(), value: z.string() })),
  suggestion: z.string().nullable(),
});
const diagnosis = z.object({
  verdict: z.enum(VERDICTS),
  summary: z.string(),
  consistency: z.enum(CONSISTENCIES),
  findings: z.array(finding),
});
type Diagnosis = z.output<typeof diagnosis>;

/** Reads a diagnosis that was made here. */
export const readDiagnosis = (made: unknown): Diagnosis => diagnosis.parse(made);

const chat = {
  ...{ chatId: z.string(), executionState: z.string() },
  runtime: z.object({ reachability: z.object({ status: z.string() }) }).nullable(),
};
const ofOwner = z.object({ chatDebugSnapshot: z.object({ ...chat, diagnosis }).nullable() });
const everywhere = z.object({
  chatDebugSnapshot: z.object({ ...chat, diagnosisEverywhere: diagnosis.nullable() }).nullable(),
});

/** @throws NoAnswer, also if there is no such chat */
export async function askWhy(ask: Ask, chatId: string): Promise<Shown> {
  const { data, raw, problems } = await ask('why', { chat: chatId }, ofOwner);
  const { diagnosis: found, ...chat } = data.chatDebugSnapshot ?? withoutAnswer({ problems }, noSuchChat(chatId));
  const text = (page: Page) => whyText(page, chat, found);
  return { json: raw, problems, code: codeOf(found.verdict), text };
}

/**
 * Asks as `askWhy` does, of every replica.
 * @throws NoAnswer, also without the role
 */
export async function askWhyEverywhere(ask: Ask, chatId: string): Promise<Shown> {
  const { data, raw, problems } = await ask('whyEverywhere', { chat: chatId }, everywhere);
  const { diagnosisEverywhere, ...chat } = data.chatDebugSnapshot ?? withoutAnswer({ problems }, noSuchChat(chatId));
  const found = diagnosisEverywhere ?? withoutAnswer({ problems }, 'The gateway gave no diagnosis.');
  const text = (page: Page) => whyText(page, chat, found);
  return { json: raw, problems, code: codeOf(found.verdict), text };
}

const HALVES: Readonly<Record<Diagnosis['consistency'], string>> = {
  EXACT: 'show the same moment',
  DATABASE_AHEAD: 'the row has a higher version than the runner has handled',
  RUNTIME_AHEAD: 'the runner has handled a higher version than the row had when it was read',
  OWNER_MOVED: 'a second reading names another owner or runner, or another replica answered than the one asked',
  NOT_COMPARED: 'no runner of the owner to compare the row with',
};

/** Chat without its diagnosis. */
type Chat = z.output<z.ZodObject<typeof chat>>;

export function whyText(page: Page, { chatId, executionState, runtime }: Chat, found: Diagnosis): string {
  const { verdict, summary, consistency, findings } = found;
  const isAsked = runtime?.reachability.status !== 'NOT_ASKED';
  return blocks(
    paragraph(page, `${verdictText(page, verdict)}  chat ${chatId}, state ${executionState}`),
    paragraph(page, summary),
    ...findings.map((one) => findingText(page, one)),
    paragraph(page, isAsked ? `The two halves: ${consistency}, ${HALVES[consistency]}.` : BY_ROWS_ALONE),
  );
}

const SOURCE_WIDTH = 8;
const INDENT = 2;

function findingText(page: Page, { code, severity, message, evidence, suggestion }: z.output<typeof finding>): string {
  const { paint } = page;
  const rows = evidence.map(({ source, field, value }) => [source.toLowerCase(), `${field} = ${value}`]);
  return lines(
    `${severityText(page, severity)}  ${paint.bold(code)}`,
    paragraph(page, message, INDENT),
    columns(page, [SOURCE_WIDTH], rows, { indent: 2 * INDENT }),
    suggestion === null ? '' : suggestionText(page, suggestion),
  );
}

/** Suggestion with its command on a line of its own, so that it can be copied. */
const suggestionText = (page: Page, suggestion: string): string =>
  lines(
    ...suggestion
      .split(/`([^`]*)`/)
      .map((part, i) => (i % 2 === 1 ? `${' '.repeat(2 * INDENT)}${page.paint.bold(part)}` : part.trim()))
      .map((part, i) => (i % 2 === 1 || part === '' ? part : paragraph(page, part, INDENT))),
  );

function severityText({ paint }: Page, severity: Severity): string {
  switch (severity) {
    case 'CRITICAL':
      return paint.red(severity);
    case 'WARNING':
      return paint.magenta(severity);
    case 'INFO':
      return severity;
    default:
      return severity satisfies never;
  }
}
