/** One tool as data: what it is called with, what it answers, and how it finds that out. */
import * as z from 'zod';
import type { ToolCall } from './ask.ts';

export interface Tool<In extends z.ZodObject = z.ZodObject, Out extends z.ZodObject = z.ZodObject> {
  readonly name: string;
  readonly title: string;
  readonly description: string;
  readonly input: In;
  readonly output: Out;
  /** True: it may change something. */
  readonly acts?: true;
  /** @throws ToolError with a sentence for the caller */
  run(input: z.output<In>, asking: ToolCall): Promise<z.input<Out>>;
}

/** Tool with the types of its schemas checked. */
export const tool = <In extends z.ZodObject, Out extends z.ZodObject>(one: Tool<In, Out>): Tool =>
  one as unknown as Tool;

const UUID = /^[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}$/i;
export const chatId = z
  .string()
  .regex(UUID, 'must be the id of a chat: 8-4-4-4-12 hex digits')
  .describe('id of the chat');
export const pageSizeInput = (most: number, usual: number) =>
  z.int().min(1).max(most).default(usual).describe(`entries, 1 to ${most}`);
export const cursor = z.string().max(500).optional().describe('`endCursor` of the answer before, to go on from there');

export const problems = z
  .array(z.object({ code: z.string(), message: z.string() }))
  .describe('parts that could not be answered, and why');
export const consoleUrl = z
  .string()
  .nullable()
  .describe('page of the chat for people; null: the gateway has no PUBLIC_URL');
export const pageInfo = z.object({ hasNextPage: z.boolean(), endCursor: z.string().nullable() });
