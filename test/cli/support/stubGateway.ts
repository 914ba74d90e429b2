/** An HTTP server that answers the terminal's operations as a test wants, also as no system of ours would. */
import { Chalk } from 'chalk';
import { type Ask, asking } from '../../../cli/debug/ask.ts';
import { render } from '../../../cli/debug/output.ts';
import type { Shown } from '../../../cli/debug/shown.ts';
import { sendJson, type serversPerTest } from '../../gateway/httpServers.ts';

/** Answers by the operation's name. A function is given the variables. */
export type Answers = Readonly<Record<string, unknown | ((variables: Record<string, unknown>) => unknown)>>;

export async function askStub({ serve }: ReturnType<typeof serversPerTest>, answers: Answers): Promise<Ask> {
  const { url } = await serve((response, { body }) => {
    const name = /query (\w+)/.exec(body.query)?.[1] ?? '';
    const answer = answers[name];
    sendJson(response, 200, typeof answer === 'function' ? answer(body.variables) : answer);
  });
  return asking({ url, token: 'any' });
}

/** Everything that a person sees, 80 columns wide. */
export const seen = (shown: Shown): string => shown.text({ width: 80, paint: new Chalk({ level: 0 }) });

/** Output of `--json`. */
export const json = (shown: Shown): string => render(shown, { stream: process.stdout, json: true, compact: false });
