/**
 * Signing in by a link: a code that is good once and for a minute is exchanged for the caller's token.
 *
 * - `POST /signin/codes` with an internal token: keeps a caller's token, and answers with a code for it.
 * - `POST /signin` with that code: answers with the token, and forgets both.
 *
 * Codes are kept in this process alone. No log has them: they come in bodies.
 */
import { randomBytes } from 'node:crypto';
import type { FastifyInstance, FastifyReply } from 'fastify';
import { LRUCache } from 'lru-cache';
import * as z from 'zod';
import type { Clock } from '../../common/clock.ts';
import { Refusal, sendRefusal, unauthenticated } from '../../server/graphql/answer.ts';
import { refuseOtherVerbs } from '../../server/methods.ts';
import { checkInternalToken } from '../../server/tokens/internalToken.ts';
import { refuseForeignPage } from './crossSite.ts';

/** Seconds for which a code is good. */
const CODE_SECONDS = 60;
/**
 * Bytes of chance in a code. Nobody guesses so many, so wrong codes are not counted: that would lock out people who share
 * an address.
 */
const CODE_BYTES = 16;
/** Codes that are kept. The oldest makes room. */
const MAX_CODES = 100;

const kept = z.object({ token: z.string().min(1).max(8_000) });
const asked = z.object({ code: z.string().min(1).max(200) });

interface SignInOptions {
  readonly internalSecret: string;
  /** Origins of other sites whose pages may call. */
  readonly corsOrigins: readonly string[];
  readonly clock: Clock;
}

export function registerSignIn(app: FastifyInstance, { internalSecret, corsOrigins, clock }: SignInOptions): void {
  const codes = new LRUCache<string, { readonly token: string; readonly untilMs: number }>({ max: MAX_CODES });
  for (const path of ['/signin', '/signin/codes']) refuseOtherVerbs(app, path, ['POST']);

  app.post('/signin/codes', async (request, reply) => {
    const expected = { secret: internalSecret, audience: 'gateway', now: clock.now() };
    const { kind } = await checkInternalToken(expected, request.headers.authorization);
    if (kind !== 'caller') return sendRefusal(reply, unauthenticated());
    const body = kept.safeParse(request.body);
    if (!body.success) return sendRefusal(reply, badInput('The body is JSON with a `token`.'));
    const code = randomBytes(CODE_BYTES).toString('base64url');
    codes.set(code, { token: body.data.token, untilMs: clock.monotonicMs() + CODE_SECONDS * 1_000 });
    return answer(reply, { code, seconds: CODE_SECONDS });
  });

  app.post('/signin', async (request, reply) => {
    const foreign = refuseForeignPage(request.headers, corsOrigins);
    if (foreign) return sendRefusal(reply, foreign);
    const body = asked.safeParse(request.body);
    if (!body.success) return sendRefusal(reply, badInput('The body is JSON with a `code`.'));
    const found = codes.get(body.data.code);
    codes.delete(body.data.code);
    if (found && clock.monotonicMs() <= found.untilMs) return answer(reply, { token: found.token });
    return sendRefusal(reply, noSuchCode());
  });
}

const answer = (reply: FastifyReply, body: object) => reply.header('cache-control', 'no-store').send(body);

const badInput = (message: string) => new Refusal(400, 'BAD_USER_INPUT', message);

const noSuchCode = () =>
  new Refusal(
    401,
    'UNAUTHENTICATED',
    `This link does not sign in: each is good once, and for ${CODE_SECONDS} s. \`npm run token -- --link\` prints a new one.`,
  );
