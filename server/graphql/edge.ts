/**
 * The route `/graphql` of every server: a request is read once, answered, and recorded in one place.
 * The server itself answers every valid query, however it was sent. Apollo Server words what it refuses without a word
 * of its own.
 */
import type { FastifyInstance, FastifyReply, FastifyRequest } from 'fastify';
import { endOfTurn } from '../../common/turn.ts';
import { refuseOtherVerbs } from '../methods.ts';
import { noteCodes, type RequestRecord, recordOf } from '../requests.ts';
import { type GraphqlAnswer, sendRefusal, setHead } from './answer.ts';
import { askForMediaType, mediaTypeFor, type Wording, wordRefusal } from './apolloWords.ts';
import { type Question, readQuestion } from './question.ts';

const PATH = '/graphql';

/** Service that answers questions. */
export interface GraphqlService<C> {
  /**
   * Answers a question; undefined: it is no valid query.
   * @param record receives the name of the operation, and what else is found out
   */
  answer(question: Question, context: C, record?: RequestRecord): Promise<GraphqlAnswer | undefined>;
  /** Started server that words the refusal of a request that is not answered. */
  readonly apollo: Wording<C>;
}

interface EdgeOptions<C> {
  /** Runs with the service that answers now. */
  readonly use: <T>(run: (service: GraphqlService<C>) => Promise<T>) => Promise<T>;
  /** Makes the context of a request that was let in. */
  readonly newContext: (request: FastifyRequest, reply: FastifyReply) => C | Promise<C>;
  /** Takes requests whose clients accept more than JSON. Undefined: there are no streams. */
  readonly openStream?: OpenStream<C> | undefined;
}

/**
 * Begins to answer a subscription as a stream, and takes the reply over; or returns what the request is refused with.
 * Undefined: it is to be answered as any other.
 */
export type OpenStream<C> = (
  request: FastifyRequest,
  reply: FastifyReply,
  service: GraphqlService<C>,
  context: C,
) => Promise<'opened' | GraphqlAnswer | undefined>;

/** Adds the route to `scope`, below the hooks that guard it. */
export function registerGraphql<C>(scope: FastifyInstance, { use, newContext, openStream }: EdgeOptions<C>): void {
  refuseOtherVerbs(scope, PATH, ['GET', 'POST']);
  scope.route({
    method: ['GET', 'POST'],
    url: PATH,
    handler: (request, reply) =>
      use(async (service) => {
        const { answer, apollo } = service;
        const context = await newContext(request, reply);
        const known = mediaTypeFor(request.headers.accept);
        const opened = known === undefined ? await openStream?.(request, reply, service, context) : undefined;
        if (opened === 'opened') return reply;
        if (opened) return sendRefusal(reply, opened);
        const type = known ?? (await askForMediaType(apollo, request, context));
        if (typeof type !== 'string') return sendRefusal(reply, type);
        const question = readQuestion(request);
        const record = recordOf(request);
        const answered =
          (question && (await answer(question, context, record))) ?? (await wordRefusal(apollo, request, context));
        await endOfTurn();
        const text = answerText(answered.body);
        noteCodes(record, answered.body.errors);
        setHead(reply, answered).header('content-type', type);
        return text;
      }),
  });
}

/** Text of an answer, as Apollo Server writes it. */
const answerText = (body: object): string => `${JSON.stringify(body)}\n`;
