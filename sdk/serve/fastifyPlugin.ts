/** The protocol as a plugin of Fastify 4 and 5, which this file does not import. */
import { CHATS_PATH, REPLICA_PATH } from '../../domain/protocol/paths.ts';
import { type AnswerProtocol, MAX_QUESTION_BYTES, problem } from './answer.ts';
import { TOO_LARGE } from './nodeHandler.ts';

interface Request {
  readonly method: string;
  readonly url: string;
  readonly headers: { readonly authorization?: string | undefined };
  readonly body?: unknown;
}

interface Reply {
  code(status: number): Reply;
  headers(headers: Record<string, string>): Reply;
  send(body: string): unknown;
}

/** The part of a Fastify instance that the plugin uses. */
interface FastifyLike {
  removeAllContentTypeParsers(): unknown;
  addContentTypeParser(
    type: string,
    options: { parseAs: 'string'; bodyLimit: number },
    parse: (request: unknown, body: string, done: (error: Error | null, body?: unknown) => void) => void,
  ): unknown;
  setErrorHandler(handle: (error: unknown, request: unknown, reply: Reply) => unknown): unknown;
  all(path: string, options: { config: object }, handle: (request: Request, reply: Reply) => unknown): unknown;
}

/** Use as `app.register(plugin)`, with a prefix if you like. */
export const fastifyPlugin = (answer: AnswerProtocol) => async (app: FastifyLike) => {
  app.removeAllContentTypeParsers();
  const options = { parseAs: 'string', bodyLimit: MAX_QUESTION_BYTES } as const;
  app.addContentTypeParser('*', options, (_request, body, done) => done(null, body));
  const send = (reply: Reply, { status, headers, body }: typeof TOO_LARGE) =>
    reply
      .code(status)
      .headers({ ...headers })
      .send(body);
  app.setErrorHandler((error, _request, reply) => {
    const { statusCode = 500 } = error as { statusCode?: number };
    return send(reply, statusCode === 413 ? TOO_LARGE : problem(statusCode, 'Refused', 'The request cannot be read.'));
  });
  for (const path of [REPLICA_PATH, CHATS_PATH]) {
    app.all(`/${path}`, { config: { guardsItself: true } }, ({ method, url, headers, body }, reply) => {
      const answered = answer({ method, url, authorization: headers.authorization, body });
      return send(reply, answered ?? problem(404, 'Nothing here', 'Only the paths of the protocol are served here.'));
    });
  }
};
