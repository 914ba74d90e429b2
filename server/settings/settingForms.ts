/** Forms of the values of settings, each with the sentence that says what is wrong. */
import * as z from 'zod';
import { databaseUrlProblem } from './databaseUrl.ts';

/** Number for which `is` holds. One sentence says so, whatever is wrong with it. */
export const number = (is: (value: number) => boolean, error: string) => z.coerce.number(error).refine(is, error);
export const port = number(
  (n) => Number.isInteger(n) && n >= 0 && n <= 65_535,
  'must be a whole number from 0 to 65535',
);
export const seconds = number((n) => n > 0 && n <= 86_400, 'must be a number of seconds above 0 and up to 86400');
export const days = number((n) => n > 0 && n <= 36_500, 'must be a number of days above 0 and up to 36500');
export const atLeast = (least: number) =>
  number((n) => Number.isSafeInteger(n) && n >= least, `must be a whole number of at least ${least}`);
export const count = atLeast(0);
export const secret = z.string().min(32, 'must have at least 32 characters');
/** Value of `DATABASE_SUBGRAPH_URL` with which the gateway runs the database subgraph itself. */
export const IN_PROCESS = 'in-process';
export const httpUrl = z.url({ protocol: /^https?$/, error: 'must be an http or https URL' });
/** URL that is asked as it is: user and password in it would be dropped. */
export const plainUrl = httpUrl.refine((url) => !/^https?:\/\/[^/]*@/i.test(url), 'must be without user and password');
export const flag = z
  .enum(['0', '1', 'false', 'true'], 'must be 1, true, 0 or false')
  .default('0')
  .transform((text) => text === '1' || text === 'true');
/** Comma-separated list; blanks around a part are dropped. */
export const list = z.string().transform((text) =>
  text
    .split(',')
    .map((part) => part.trim())
    .filter((part) => part !== ''),
);

/**
 * Origins as a browser sends them: scheme, host, and a port that is not the scheme's own. `*` would open the gateway to
 * every page.
 */
export const origins = list.refine(
  (parts) => parts.every((part) => /^https?:[^*]+$/.test(part) && URL.canParse(part) && new URL(part).origin === part),
  'must be origins such as https://example.com, without a path, comma-separated',
);

export const databaseUrl = z.string().superRefine((url, context) => {
  const message = databaseUrlProblem(url);
  if (message !== undefined) context.addIssue({ code: 'custom', message });
});

/** Model: the built-in one, or `openai-compatible:<model>@<base URL>`. */
export const model = z
  .string()
  .regex(
    /^(built-in|openai-compatible:[^@\s]+@https?:\/\/\S+)$/,
    'must be built-in or openai-compatible:<model>@<base URL>',
  );
