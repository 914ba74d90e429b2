/** A share of a list of entities on its way to a worker that speaks runtime protocol 1, and back. */

import { isObject } from '../../common/json.ts';
import type { StopSignal } from '../../common/stopSignal.ts';
import { parseUuid } from '../../common/uuid.ts';
import { REPLICA_PATH } from '../../domain/protocol/paths.ts';
import { NOT_AN_ALLOWED_ADDRESS } from '../../domain/reachabilityReasons.ts';
import { signInternalToken } from '../../server/tokens/internalToken.ts';
import { sendOverHttp } from '../transport/overHttp.ts';
import type { Reply } from '../transport/transport.ts';
import { endpointAt } from './endpoint.ts';
import type { Asked, Replied } from './protocolQuestions.ts';
import { MISDIRECTED } from './replicaAnswer.ts';
import { type Fetching, FORWARDED, inSlot, isForbidden, type SendOptions } from './sendShare.ts';
import { type Share, type ShareAnswer, withoutAnswer } from './share.ts';
import type { Slots } from './slots.ts';

/** Asks a worker for all of a share, with one request at a time: it has one place among those that are asked at once. */
export function sendProtocol(
  options: SendOptions,
  slots: Slots,
  fetching: Fetching,
  share: Share,
  address: string,
): Promise<ShareAnswer> {
  const questions = fetching.protocol.questionsOf(share);
  return inSlot(options, slots, share, fetching.signal, async (signal) => {
    const replied: Replied[] = [];
    for (const asked of questions) {
      const reply = await send(options, { ...fetching, signal }, share.replicaId, address, asked);
      if (isForbidden(reply)) return withoutAnswer(share, 'UNREACHABLE', NOT_AN_ALLOWED_ADDRESS);
      replied.push({ about: asked.about, reply });
      if (reply.status !== 'OK') break; // the others would fare no better
    }
    return { ...fetching.protocol.answerOf(share, replied, options.timeoutMs), attempts: replied.length };
  });
}

/** Whether a worker at the address speaks the protocol, whichever worker it is. Undefined: there was no time to find out. */
export async function probe(
  options: SendOptions,
  slots: Slots,
  fetching: Fetching,
  { replicaId }: Share,
  address: string,
): Promise<boolean | undefined> {
  const release = await slots.take(fetching.signal);
  if (!release) return undefined;
  try {
    const reply = await send(options, fetching, replicaId, address, { about: 'replica', path: REPLICA_PATH });
    if (reply.status === 'TIMED_OUT') return undefined;
    if (reply.status !== 'OK' || !isObject(reply.body)) return false;
    return [200, MISDIRECTED].includes(reply.httpStatus) && parseUuid(reply.body.workerId) !== undefined;
  } finally {
    release();
  }
}

async function send(
  { dispatcher, internalSecret, runtimeKey }: SendOptions,
  { context: { caller, requestId }, signal }: { context: Fetching['context']; signal: StopSignal },
  replicaId: string,
  address: string,
  { path, search, body }: Asked,
): Promise<Reply> {
  const endpoint = endpointAt(address, path);
  if (typeof endpoint === 'string') return { status: 'UNREACHABLE', what: endpoint };
  const token = runtimeKey ?? (await signInternalToken(internalSecret, replicaId, caller));
  return sendOverHttp(
    {
      ...{ dispatcher, token, body, peer: 'runtime', headers: FORWARDED, mayRepeat: true },
      url: search === undefined ? endpoint : withSearch(endpoint, search),
      method: body === undefined ? 'GET' : 'POST',
    },
    { requestId, signal },
  );
}

function withSearch(endpoint: URL, search: string): URL {
  const url = new URL(endpoint);
  url.search = url.search === '' ? search : `${url.search}&${search}`;
  return url;
}
