/** Check that gateways give the same answers before anything is measured. */
import type { Contender } from './contenders.ts';

/** Question to the gateways. */
export interface Question {
  readonly name: string;
  readonly query: string;
  readonly variables: Readonly<Record<string, unknown>>;
}

/** The answer with all keys in order. */
async function answerOf({ url, headers }: Contender, { query, variables }: Question): Promise<string> {
  const response = await fetch(url, { method: 'POST', headers, body: JSON.stringify({ query, variables }) });
  return JSON.stringify(await response.json(), (_key, value) =>
    typeof value === 'object' && value !== null && !Array.isArray(value)
      ? Object.fromEntries(Object.entries(value).sort(([a], [b]) => (a < b ? -1 : 1)))
      : value,
  );
}

/** @throws Error that shows the answer of the first which has none, or another than the first contender */
export async function compareAnswers(contenders: readonly Contender[], question: Question): Promise<void> {
  const answers = await Promise.all(contenders.map((contender) => answerOf(contender, question)));
  const [first = ''] = answers;
  if (!first.startsWith('{"data":{')) throw new Error(`${question.name}: ${first.slice(0, 500)}`);
  for (const [i, answer] of answers.entries()) {
    if (answer === first) continue;
    throw new Error(
      `${question.name}: ${contenders[i]?.name} answers otherwise:\n${answer.slice(0, 2_000)}\n${first.slice(0, 2_000)}`,
    );
  }
}
