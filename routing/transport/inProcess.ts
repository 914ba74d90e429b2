/**
 * The way to a subgraph in this process: by a call, without HTTP, token and JSON text.
 * Its answers, errors and silences are those of HTTP: the same operations run, under the same limits.
 */
import { whenOver } from '../../common/clock.ts';
import { isLargerThan } from '../../common/jsonSize.ts';
import type { Answering, WithRequestId } from '../../server/graphql/answering.ts';
import { wordRefusal } from '../../server/graphql/apolloWords.ts';
import { asPosted, type GraphqlBody } from '../../server/graphql/question.ts';
import type { Logger } from '../../server/log.ts';
import { type Asking, type Reply, TIMED_OUT, TOO_LARGE, type Transport } from './transport.ts';

interface InProcessOptions<C extends WithRequestId, A extends Asking> {
  readonly answering: Answering<C>;
  readonly newContext: (asking: A) => C;
  /** Called when nobody waits for the answer any more. */
  readonly abandon?: ((context: C) => void) | undefined;
  /** Milliseconds after which an answer is not waited for any more. Undefined: no limit. */
  readonly waitMs?: number;
  /** Limit for the JSON of an answer. A larger one is refused, not cut. Undefined: no limit. */
  readonly maxAnswerBytes?: number;
  readonly log: Logger;
}

export function inProcess<C extends WithRequestId, A extends Asking>({
  answering,
  newContext,
  abandon,
  waitMs,
  maxAnswerBytes,
  log,
}: InProcessOptions<C, A>): Transport<A> {
  async function answer(question: GraphqlBody, context: C): Promise<Reply> {
    try {
      const { status, body } =
        (await answering.answer(question, context)) ??
        (await wordRefusal(answering.apollo, asPosted(question), context));
      if (maxAnswerBytes !== undefined && isLargerThan(body, maxAnswerBytes)) return TOO_LARGE;
      return { status: 'OK', httpStatus: status, body, what: `HTTP ${status}, application/json` };
    } catch (err) {
      log.error({ requestId: context.requestId, err }, 'an operation could not be executed');
      return { status: 'BAD_ANSWER', what: 'a failure' };
    }
  }
  return (question, asking) =>
    new Promise((resolve) => {
      if (asking.signal?.aborted) return resolve(TIMED_OUT);
      const context = newContext(asking);
      const stopWaiting = whenOver(waitMs, asking.signal, () => {
        abandon?.(context);
        resolve(TIMED_OUT);
      });
      void answer(question, context).then(resolve).finally(stopWaiting);
    });
}
