/** The check of an answer's form, member by member, in sentences. */
import type { z } from 'zod';
import { type Answer, inShort, MAX_BYTES } from './worker.ts';

/** Sentences about one answer. */
const MOST = 5;

/** What is wrong with an answer that should be there. Empty: nothing. @param what names it */
export function shapeProblems(answer: Answer, format: z.ZodType, what: string): string[] {
  if (answer.status !== 200) return [`${what} must be answered with 200; it was ${inShort(answer)}.`];
  if (answer.type !== 'application/json') return [`${what} must be application/json; it was ${answer.type}.`];
  if (Buffer.byteLength(answer.text) > MAX_BYTES) return [`${what} has more than 4 MiB, and is not read.`];
  if (answer.json === undefined) return [`${what} is not valid JSON.`];
  const { error } = format.safeParse(answer.json);
  return (error?.issues ?? []).slice(0, MOST).map(({ path, message }) => {
    const place = path.map((step) => (typeof step === 'number' ? `[${step}]` : `.${String(step)}`)).join('');
    return `${what}: ${place.replace(/^\./, '') || 'the whole'} is not as the protocol has it. ${message}${received(answer.json, path, message)}.`;
  });
}

/** Longest text that is repeated. */
const SHORT = 40;

/** What stands at a place, where the message does not say so. Texts that are long may hold content, and are left out. */
function received(json: unknown, path: readonly PropertyKey[], message: string): string {
  const value = path.reduce<unknown>(
    (at, step) => (at as Record<PropertyKey, unknown> | null | undefined)?.[step],
    json,
  );
  const isShort = typeof value === 'number' || (typeof value === 'string' && value.length <= SHORT);
  return isShort && !message.includes('received') ? `, received ${JSON.stringify(value)}` : '';
}

/** What is wrong with a refusal. @param statuses that are right */
export function refusalProblems(answer: Answer, statuses: readonly number[], what: string): string[] {
  if (!statuses.includes(answer.status)) {
    return [`${what} must be refused with ${statuses.join(' or ')}; it was ${inShort(answer)}.`];
  }
  return answer.type === 'application/problem+json'
    ? []
    : [`${what} is refused, but the refusal must be application/problem+json; it was ${answer.type}.`];
}
