/** Links that sign a browser in to the console. */
import * as z from 'zod';
import { OWN_CALLER, signInternalToken } from '../server/tokens/internalToken.ts';
import type { SystemFile } from './systemFile.ts';

/** Milliseconds for the gateway's answer. */
const LIMIT_MS = 5_000;

const answered = z.object({ code: z.string() });

/**
 * A link that is good once, and for a minute. The code stands behind `#`, which browsers send to nobody.
 * @returns undefined if the gateway gives none
 */
export async function signInLink({
  gatewayUrl,
  internalSecret,
  token,
}: Pick<SystemFile, 'gatewayUrl' | 'internalSecret' | 'token'>): Promise<string | undefined> {
  const authorization = `Bearer ${await signInternalToken(internalSecret, 'gateway', OWN_CALLER)}`;
  const response = await fetch(`${gatewayUrl}/signin/codes`, {
    method: 'POST',
    headers: { authorization, 'content-type': 'application/json' },
    body: JSON.stringify({ token }),
    signal: AbortSignal.timeout(LIMIT_MS),
  }).catch(() => undefined);
  const { data } = answered.safeParse(await response?.json().catch(() => undefined));
  return data && `${gatewayUrl}/#code=${data.code}`;
}
