/** Questions about chats that look like trouble. */
import * as z from 'zod';
import { SEVERITIES, VERDICTS } from '../../domain/diagnosis/diagnosis.ts';

export const suspect = z.object({ chatId: z.string(), executionState: z.string() });
export type Suspect = z.output<typeof suspect>;

export const chat = suspect.extend({
  database: z.object({
    workerId: z.string().nullable(),
    updatedAgeSeconds: z.number().nullable(),
    retrySecondsLeft: z.number().nullable(),
    requiresActionSecondsLeft: z.number().nullable(),
  }),
  runtime: z.object({ reachability: z.object({ status: z.string() }) }).nullable(),
  diagnosis: z.object({
    verdict: z.enum(VERDICTS),
    findings: z.array(z.object({ code: z.string(), severity: z.enum(SEVERITIES), message: z.string() })),
  }),
});
export type Chat = z.output<typeof chat>;

/** A suspect. `chat` is null where it could not be read; `node` is the same as it came. */
export interface FoundChat {
  readonly suspect: Suspect;
  readonly chat: Chat | null;
  readonly node: unknown;
}
