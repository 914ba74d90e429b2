/**
 * The database subgraph in the process of whoever asks it: by a call, without HTTP, token and JSON text. What it answers, the
 * errors too, and what it does not, is what it would be over HTTP: the same operations run, under the same limits.
 */
import { randomUUID } from 'node:crypto';
import type { GraphQLFormattedError } from 'graphql';
import type { Registry } from 'prom-client';
import { whenOver } from '../../common/clock.ts';
import { isLargerThan } from '../../common/jsonSize.ts';
import { makeAnswering } from '../../server/graphql/answering.ts';
import type { Asking } from '../../server/graphql/asking.ts';
import type { GraphqlBody } from '../../server/graphql/ordinaryRequest.ts';
import type { DatabaseContext } from './context.ts';
import { type DatabaseOptions, openDatabase } from './open.ts';

export interface InProcessOptions extends DatabaseOptions {
  /** Milliseconds after which an answer is not waited for any more; more than it waits for the database itself. */
  readonly waitMs: number;
  /** Larger answers are refused, not cut: bytes of their JSON. */
  readonly maxAnswerBytes: number;
}

/** As an answer over HTTP is read: JSON with its status, an answer that is none, or none in time. */
export type Answer =
  | { readonly kind: 'json'; readonly status: number; readonly mediaType: string; readonly body: Body }
  | { readonly kind: 'other'; readonly what: string }
  | { readonly kind: 'aborted' };

/** Values are those of JSON; the objects belong to whoever asked. */
interface Body {
  readonly data?: Record<string, unknown> | null | undefined;
  readonly errors?: readonly GraphQLFormattedError[];
}

export interface InProcessSubgraph {
  /** Never rejects. When `signal` aborts it resolves at once, and the database is asked nothing more for it. */
  ask(question: GraphqlBody, asking: Asking): Promise<Answer>;
  /** What keeps it from answering, in words without addresses; undefined: nothing. */
  notReady(): Promise<string | undefined>;
  /** What is not answered though it is ready, as it was last found; undefined: nothing. */
  note(): string | undefined;
  /** Finishes what runs, then ends every connection. */
  close(): Promise<void>;
}

/** Starts whether the database does or not. @param registry its metrics are added to it */
export async function startInProcess(options: InProcessOptions, registry: Registry): Promise<InProcessSubgraph> {
  const { waitMs, maxAnswerBytes, log } = options;
  const database = openDatabase(options, registry);
  const { answer: answerOrdinary, apollo } = makeAnswering(database.subgraph, log);
  await apollo.start();

  /** With the status that it has over HTTP. */
  async function answerOdd(
    { query, variables, operationName }: GraphqlBody,
    contextValue: DatabaseContext,
  ): Promise<{ status: number; body: Body } | undefined> {
    const request = {
      query,
      ...(variables && { variables }),
      ...(typeof operationName === 'string' && { operationName }),
    };
    const { body, http } = await apollo.executeOperation(request, { contextValue });
    if (body.kind !== 'single') return undefined;
    const { data, errors } = body.singleResult;
    return { status: http.status ?? 200, body: { ...(errors && { errors }), ...(data !== undefined && { data }) } };
  }

  async function answer(question: GraphqlBody, context: DatabaseContext): Promise<Answer> {
    try {
      const ordinary = await answerOrdinary(question, context);
      const answered = ordinary ?? (await answerOdd(question, context));
      if (!answered) return { kind: 'other', what: 'an answer in parts' };
      const { status, body } = answered;
      if (isLargerThan(body, maxAnswerBytes)) return { kind: 'other', what: 'more bytes than are read' };
      return { kind: 'json', status, mediaType: 'application/json', body };
    } catch (err) {
      log.error({ requestId: context.requestId, err }, 'an operation could not be executed');
      return { kind: 'other', what: 'a failure' };
    }
  }

  return {
    ask: (question, { caller, requestId = randomUUID(), signal }) =>
      new Promise((resolve) => {
        if (signal?.aborted) return resolve({ kind: 'aborted' });
        const context = database.newContext(caller, requestId);
        const stopWaiting = whenOver(waitMs, signal, () => {
          void context.reading.close();
          resolve({ kind: 'aborted' });
        });
        void answer(question, context).then(resolve).finally(stopWaiting);
      }),
    notReady: database.notReady,
    note: database.note,
    close: () => apollo.stop().then(database.close),
  };
}
