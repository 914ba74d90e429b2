/** The way of a tool to its answer: operations of the gateway's own, as the caller. */
import { readFileSync } from 'node:fs';
import type { z } from 'zod';
import type { Json } from '../../common/json.ts';
import type { AnswerBody } from '../../server/graphql/answer.ts';
import type { Caller } from '../../server/tokens/internalToken.ts';
import { markedWords } from './foreign.ts';

const NAMES = [
  ...(['why', 'whyEverywhere', 'stuck', 'stuckChats', 'replicas', 'history', 'incidents', 'preview'] as const),
] as const;

/** Operations of the tools, one file each. */
export const MCP_OPERATIONS = Object.fromEntries(
  NAMES.map((name) => [name, readFileSync(new URL(`operations/${name}.graphql`, import.meta.url), 'utf8')]),
) as Readonly<Record<(typeof NAMES)[number], string>>;

/** Error that a tool tells its caller, in a sentence that says what to do. */
export class ToolError extends Error {
  override name = 'ToolError';
}

/** Trouble with a part of an answer. */
export interface Problem {
  readonly code: string;
  readonly message: string;
}

/** One call of a tool. */
export interface ToolCall {
  readonly caller: Caller;
  /** Address of the gateway for people, for links; undefined: there are none. */
  readonly publicUrl: string | undefined;
  /** False: there is no operator, and nothing can be done. */
  readonly hasOperator: boolean;
  /** Asks an operation of the gateway's own. */
  readonly ask: (operation: string, variables: Readonly<Json>) => Promise<AnswerBody>;
}

/** Data of an answer in its shape, and what is wrong with parts of it. @throws ToolError if there is none */
export async function answered<Data>(
  { ask }: ToolCall,
  operation: string,
  variables: Readonly<Json>,
  shape: z.ZodType<Data>,
): Promise<{ data: Data; problems: Problem[] }> {
  const { data, errors = [] } = await ask(operation, variables);
  const problems = errors.map(({ message, extensions = {} }) => {
    const { code, workerId } = extensions;
    const isInItsWords = code === 'BAD_USER_INPUT' && workerId !== undefined;
    return { code: String(code), message: isInItsWords ? markedWords(message) : message };
  });
  if (data === undefined || data === null) throw new ToolError(sentenceOf(problems));
  return { data: shape.parse(data), problems };
}

/** Sentence for an answer without data. */
export const sentenceOf = ([first]: readonly Problem[]): string =>
  first ? `${first.message} (${first.code})` : 'The gateway gave no answer. Try again.';

/** Error for a chat that is not there; with problems, nobody knows whether it is. */
export const noSuchChat = (chatId: string, problems: readonly Problem[]) =>
  new ToolError(
    problems.length > 0
      ? sentenceOf(problems)
      : `There is no chat ${chatId}, or the caller may not read it. \`stuck\` lists chats in trouble.`,
  );

/** Address of a chat's page in the console. Null: the gateway does not know its own. */
export const chatUrl = ({ publicUrl }: ToolCall, chatId: string): string | null =>
  publicUrl === undefined ? null : `${publicUrl.replace(/\/+$/, '')}/chats/${chatId}`;
