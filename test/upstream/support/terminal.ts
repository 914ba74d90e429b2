/** Output for a person who asks about a deployment, in every way: for tests on the words themselves. */
import type { Finished } from '../../support/command.ts';
import type { Deployment } from './deployment.ts';

/** `GET …/debug/snapshot` of a chat. */
export async function snapshotDocument({ field }: Deployment, chat: string, query = '') {
  const { gatewayUrl, token } = field.system;
  const response = await fetch(`${gatewayUrl}/api/experimental/chats/${chat}/debug/snapshot${query}`, {
    headers: { authorization: `Bearer ${token}` },
  });
  return { status: response.status, body: (await response.json()) as Record<string, unknown> };
}

/** `npm run chat-debug --`, while ages are as they were written. */
export async function chatDebug({ field, ages }: Deployment, ...args: string[]): Promise<Finished> {
  await ages.restore();
  return field.chatDebug(...args);
}

/** True if a chat has a row in the list. The line below the rows may name one more. */
export const hasRowOf = (stdout: string, id: string): boolean =>
  stdout.split('\n').some((line) => line.startsWith(`${id} `));
