/**
 * The snapshot as one JSON document in snake_case, made of the answer to `snapshotDocument.graphql`. Pure.
 * Its members are those that the operation selects; differences from GraphQL are below.
 */
import type { GraphQLFormattedError } from 'graphql';
import * as z from 'zod';
import type { AnswerBody } from '../../server/graphql/answer.ts';
import type { ErrorCode } from '../../server/graphql/errors.ts';

const messageStats = z.object({
  total: z.number(),
  deleted: z.number(),
  byRole: z.array(z.object({ role: z.string(), count: z.number() })),
});

const databaseHalf = z.looseObject({ messageStats: messageStats.nullable(), unreadable: z.array(z.string()) });
type DatabaseHalf = z.infer<typeof databaseHalf>;

const runtimeHalf = z.looseObject({ reachability: z.looseObject({ status: z.string() }) }).nullable();
type RuntimeHalf = z.infer<typeof runtimeHalf> | undefined;

/** Part of the answer that decides something; the rest passes through. */
const answerData = z.object({
  chatDebugSnapshot: z
    .object({
      executionState: z.string(),
      database: databaseHalf,
      runtime: runtimeHalf,
    })
    .nullable(),
});

/**
 * HTTP response. A body without status 200 has `message`, `detail` and `code`, and keeps what there is of the document.
 */
interface DocumentResponse {
  readonly status: number;
  readonly body: Readonly<Record<string, unknown>>;
}

/** @param isRuntimeRequired true if a document without the runtime half of an owned chat is of no use */
export function snapshotDocument(
  { status = 200, data, errors: told = [] }: AnswerBody & { readonly status?: number },
  { isRuntimeRequired = false } = {},
): DocumentResponse {
  if (status >= 400 && told[0]) return refusal(status, codeOf(told[0]), told[0].message);
  const answer = answerData.safeParse(data);
  const unreadable = answer.data?.chatDebugSnapshot?.database.unreadable ?? [];
  const ofOwner = answer.data?.chatDebugSnapshot?.runtime;
  const errors = told.filter((error) => !isOfOneField(error, unreadable) && !isUnreadable(error, ofOwner));
  const [first] = errors;
  const lost = errors.find((error) => !isAboutRuntime(error));
  if (lost || !answer.success) {
    const code = lost ? codeOf(lost) : 'INTERNAL_SERVER_ERROR';
    return refusal(500, code, 'The database could not be read.', lost?.message);
  }
  const snapshot = answer.data.chatDebugSnapshot;
  if (!snapshot) {
    return refusal(404, 'NOT_FOUND', 'There is no such chat.', 'Or it is not yours to read: that is not told apart.');
  }

  const { executionState, database, runtime } = snapshot;
  const { reachability, ...memory } = runtime ?? {};
  const half = { execution_state: executionState, database: databaseMembers(database) };
  const outcome = reachability ? outcomeMembers(reachability) : null;
  if (reachability?.status === 'NOT_ASKED') {
    const body = { ...half, runtime: null, reachability: outcome };
    return isRuntimeRequired ? refusal(503, 'RUNTIME_DISABLED', NOT_ASKED, REQUIRED, body) : { status: 200, body };
  }
  const isWhole = errors.length === 0 && (runtime === null || reachability?.status === 'OK');
  if (isWhole) return { status: 200, body: { ...half, runtime: runtime && inSnakeCase(memory) } };
  return refusal(
    502,
    first ? codeOf(first) : 'REPLICA_UNREACHABLE',
    'The replica that owns the chat did not say what it holds.',
    first?.message,
    { ...half, runtime: null, reachability: outcome },
  );
}

const NOT_ASKED =
  'Nobody asks replicas here: by setting (CHAT_WORKER_DISABLED, PLATFORM), or for want of a runtime half on the platform.';
const REQUIRED = 'Without `require=runtime` the database half is the answer.';

/**
 * Error in the shape of this document.
 * @param members what there is of the document all the same
 */
export function refusal(status: number, code: string, message: string, detail = '', members = {}): DocumentResponse {
  return { status, body: { message, detail, code, ...members } };
}

const codeOf = ({ extensions }: GraphQLFormattedError): string =>
  typeof extensions?.code === 'string' ? extensions.code : ('INTERNAL_SERVER_ERROR' satisfies ErrorCode);

const isAboutRuntime = (error: GraphQLFormattedError) =>
  error.path?.[1] === 'runtime' || codeOf(error).startsWith('REPLICA_');

/** True for an error on one null field that the document explains or the schema allows: all else is whole. */
const isOfOneField = (error: GraphQLFormattedError, unreadable: readonly string[]) =>
  codeOf(error) === 'FIELD_UNSUPPORTED' ||
  (error.path?.[1] === 'database' && unreadable.includes(String(error.path[2])));

/** True for an odd value of the owner, null in a runtime half that is whole. Lists that are null would be read as not told. */
const isUnreadable = (error: GraphQLFormattedError, runtime: RuntimeHalf) =>
  codeOf(error) === 'VALUE_UNREADABLE' &&
  error.path?.[1] === 'runtime' &&
  runtime?.runners !== null &&
  runtime?.messageBuffers !== null;

/** Database half with roles as members, whatever they are called: `__proto__` is one like any other. */
function databaseMembers({ messageStats, unreadable, ...rest }: DatabaseHalf): unknown {
  const stats = messageStats && {
    ...messageStats,
    byRole: Object.fromEntries(messageStats.byRole.map(({ role, count }) => [role, count])),
  };
  return inSnakeCase({ ...rest, messageStats: stats, unreadable: unreadable.map(snakeCase) });
}

const outcomeMembers = (outcome: { readonly status: string }) =>
  inSnakeCase({ ...outcome, status: outcome.status.toLowerCase() });

/** Members with JSON of the rows, or with names of roles, whose content is not ours to rename. */
const AS_THEY_ARE = new Set(['lastError', 'retryState', 'byRole']);
/** Members with enum values, which are in lower case here. */
export const ENUMS = new Set(['phase', 'kind', 'activeTaskKind', 'ownerRow']);

/** Name of a member of the document, for a field of the graph. */
export const snakeCase = (name: string) => name.replace(/[A-Z]/g, (letter) => `_${letter.toLowerCase()}`);

function inSnakeCase(value: unknown): unknown {
  if (Array.isArray(value)) return value.map(inSnakeCase);
  if (typeof value !== 'object' || value === null) return value;
  return Object.fromEntries(
    Object.entries(value).map(([name, member]) => {
      const isEnum = ENUMS.has(name) && typeof member === 'string';
      const below = isEnum ? member.toLowerCase() : AS_THEY_ARE.has(name) ? member : inSnakeCase(member);
      return [snakeCase(name), below];
    }),
  );
}
