/** A receiver of the webhook that misbehaves, and drops repeats by the id of the delivery. */
import { createHmac } from 'node:crypto';
import type { ServerResponse } from 'node:http';
import { systemClock } from '../../../../common/clock.ts';
import type { serversPerTest } from '../../../gateway/httpServers.ts';

export const WEBHOOK_SECRET = 'a secret of the webhook for tests, long enough';

/** Body of a delivery. */
export interface Told {
  readonly format: string;
  readonly delivery: string;
  readonly status: 'FIRING' | 'RESOLVED';
  readonly incident: Readonly<Record<string, string | null>> & { readonly id: string; readonly chatId: string };
  readonly look: string;
  readonly url: string | null;
}

/** What becomes of a delivery that has come. `late` and `unanswered` are taken; whoever sent the latter cannot know. */
export type Mood = 'takes' | 'late' | 'refuses' | 'drops' | 'unanswered';

/**
 * Starts it.
 * @param mood for the n-th try of the n-th delivery, both from 0
 */
export async function startAlertReceiver(
  { serve }: Pick<ReturnType<typeof serversPerTest>, 'serve'>,
  mood: (told: Told, tries: number, deliveries: number) => Mood = () => 'takes',
) {
  /** Deliveries without their repeats, in the order in which they were taken. */
  const taken: Told[] = [];
  const tries = new Map<string, number>();
  const bodies: string[] = [];
  const take = (told: Told) => {
    if (!taken.some(({ delivery }) => delivery === told.delivery)) taken.push(told);
  };
  const answer = async (response: ServerResponse, told: Told) => {
    const tried = tries.get(told.delivery) ?? 0;
    tries.set(told.delivery, tried + 1);
    const place = [...tries.keys()].indexOf(told.delivery);
    const now = mood(told, tried, place);
    if (now === 'takes' || now === 'late' || now === 'unanswered') take(told);
    if (now === 'late') await systemClock.sleep(300);
    if (now === 'drops' || now === 'unanswered') return response.destroy();
    return response.writeHead(now === 'refuses' ? 500 : 204).end();
  };
  const server = await serve((response, { headers, body }, _request) => {
    const told = body as unknown as Told;
    const text = JSON.stringify(body); // JSON.parse keeps the order of members
    bodies.push(text);
    const signature = `sha256=${createHmac('sha256', WEBHOOK_SECRET).update(text).digest('hex')}`;
    const isGood =
      headers['x-chat-debug-signature'] === signature && headers['x-chat-debug-delivery'] === told.delivery;
    if (!isGood) return void response.writeHead(401).end();
    void answer(response, told);
  });
  return {
    ...{ taken, tries, bodies },
    webhook: { url: server.url, secret: WEBHOOK_SECRET },
    /** Statuses that were taken for an incident's chat, in order. */
    of: (chatId: string) => taken.filter(({ incident }) => incident.chatId === chatId).map(({ status }) => status),
  };
}
