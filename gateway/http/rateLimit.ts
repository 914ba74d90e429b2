/**
 * The limit on requests of one caller in a minute, in this process: gateways beside each other share nothing.
 * Callers are told apart by the `sub` of a good token, so nobody is charged for another. Requests without a token leave
 * nothing behind.
 */
import type { FastifyInstance, FastifyRequest } from 'fastify';
import { RateLimiterMemory, RateLimiterRes } from 'rate-limiter-flexible';
import { Refusal, sendRefusal } from '../../server/graphql/answer.ts';
import type { Caller } from '../../server/tokens/internalToken.ts';

const WINDOW_SECONDS = 60;

interface RateLimitOptions {
  /** Requests in a minute; 0: no limit. */
  readonly perMinute: number;
  readonly callerOf: (request: FastifyRequest) => Caller;
  /** True for a request that has a limit of its own. */
  readonly isApart?: (request: FastifyRequest) => boolean;
}

/**
 * Guards every route of `scope`, after the caller is known and before the body is read. Processes of the system have no
 * limit.
 * Over the limit a request is refused with HTTP 429, RATE_LIMITED and `Retry-After` in whole seconds.
 */
export function limitRate(
  scope: FastifyInstance,
  { perMinute, callerOf, isApart = () => false }: RateLimitOptions,
): void {
  if (perMinute === 0) return;
  const limit = makeLimit(perMinute, (seconds) => {
    return `At most ${perMinute} requests a minute are answered for one caller. Try again in ${seconds} s.`;
  });
  scope.addHook('onRequest', (request, reply, done) => {
    const { sub, isProcess } = callerOf(request);
    if (isProcess || isApart(request)) return done();
    limit(sub, 1).then((refusal) => (refusal ? sendRefusal(reply, refusal) : done()), done);
  });
}

/** Takes so many actions off what a caller may ask for in this minute. Undefined: it may. */
type LimitMutations = (caller: Caller, actions: number) => Promise<Refusal | undefined>;

/**
 * A request for more than can ever be taken in a minute is refused as too large: to ask again would not help.
 * @param perMinute actions of one caller; 0: no limit
 */
export function makeMutationLimit(perMinute: number): LimitMutations {
  if (perMinute === 0) return async () => undefined;
  const limit = makeLimit(perMinute, (seconds) => {
    return `At most ${perMinute} actions a minute are taken for one caller, and nothing of this request was done. Try again in ${seconds} s.`;
  });
  return async ({ sub }, actions) => (actions > perMinute ? tooMany(actions, perMinute) : limit(sub, actions));
}

const tooMany = (actions: number, perMinute: number) =>
  new Refusal(
    400,
    'QUERY_TOO_COMPLEX',
    `This request asks for ${actions} actions, and nothing of it was done. At most ${perMinute} actions a minute are taken for one caller (MUTATION_RATE_LIMIT_PER_MINUTE). Split it into requests of at most ${perMinute}, a minute apart, or plan one action on many chats.`,
  );

/**
 * Limit on the points of each caller in a minute. A refusal gives back what it took.
 * @param words what a refusal says, by the seconds until it may be tried again
 */
function makeLimit(perMinute: number, words: (seconds: number) => string) {
  const limiter = new RateLimiterMemory({ points: perMinute, duration: WINDOW_SECONDS });
  return (sub: string, points: number): Promise<Refusal | undefined> =>
    limiter.consume(sub, points).then(
      () => undefined,
      async (refused: RateLimiterRes | Error) => {
        if (!(refused instanceof RateLimiterRes)) throw refused;
        await limiter.reward(sub, points);
        const seconds = Math.max(Math.ceil(refused.msBeforeNext / 1_000), 1);
        return new Refusal(429, 'RATE_LIMITED', words(seconds), { headers: { 'retry-after': String(seconds) } });
      },
    );
}
