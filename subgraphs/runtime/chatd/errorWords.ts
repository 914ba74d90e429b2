/** A provider's words on a failure, found in the forms that servers use. Pure. */

import * as z from 'zod';
import { parsedJson } from '../../../common/json.ts';
import type { ProviderWords } from './failureKinds.ts';

const text = z.union([z.string(), z.number()]).transform(String).catch('');
const errorObject = z.object({ message: text, msg: text, detail: text, code: text, type: text, status: text });

/**
 * Words in `{ error: { message, code, type } }` or in its content alone.
 * They may also stand in `{ error: "…" }`, `{ message }`, `{ detail }`, or in a list of one.
 */
export function errorWords(body: unknown): ProviderWords | undefined {
  const only: unknown = Array.isArray(body) ? body[0] : body;
  const holder = z.object({ error: z.unknown() }).safeParse(only).data?.error ?? only;
  if (typeof holder === 'string') return { message: holder, codes: [], status: undefined };
  const { data } = errorObject.safeParse(holder);
  if (!data) return undefined;
  const codes = [data.code, data.type, data.status].filter((code) => code !== '').map((code) => code.toLowerCase());
  const message = data.message || data.msg || data.detail;
  if (!message && codes.length === 0) return undefined;
  const status = codes.map(Number).find((code) => Number.isInteger(code) && code >= 400 && code < 600);
  return { message, codes, status };
}

/** Words in the text of a body. */
export const wordsInBody = (body: string): ProviderWords | undefined => errorWords(parsedJson(body));
