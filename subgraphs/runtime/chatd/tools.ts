/** The tools that the worker runs itself; harmless, and enough to test a tool call from end to end. */
import { type ToolSet, tool } from 'ai';
import * as z from 'zod';
import type { Clock } from '../../../common/clock.ts';

export function builtInTools(clock: Clock): ToolSet {
  return {
    current_time: tool({
      description: 'Tells the current date and time in UTC, as RFC 3339.',
      inputSchema: z.object({}),
      execute: async () => ({ now: clock.now().toISOString() }),
    }),
    add_numbers: tool({
      description: 'Adds two numbers.',
      inputSchema: z.object({ a: z.number(), b: z.number() }),
      execute: async ({ a, b }) => ({ sum: a + b }),
    }),
  };
}
