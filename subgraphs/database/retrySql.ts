/**
 * What `retry_state` says of time. It is whatever some worker wrote: a cast of text that is no time would fail the whole
 * question, so a JSON path reads it, which is silent about what it does not understand.
 */
import { Prisma } from '../../prisma/generated/client.ts';

const TEXT = Prisma.sql`(c.retry_state ->> 'retrying_at')`;
/** RFC 3339. The calendar is for the JSON path to know. */
const FORM = Prisma.raw(`'^\\d{4}-\\d\\d-\\d\\dT\\d\\d:\\d\\d:\\d\\d(\\.\\d+)?(Z|[+-]\\d\\d:\\d\\d)$'`);

/** Without its fraction, which Postgres 14 does not read there, and without the `Z`, which comes with 17. */
const WHOLE_SECONDS = Prisma.sql`
  (jsonb_path_query_first_tz(
    to_jsonb(regexp_replace(regexp_replace(${TEXT}, '\\.\\d+', ''), 'Z$', '+00:00')), '$.datetime()', '{}', true) #>> '{}')::timestamptz`;

/** Seconds from now until `retrying_at` of `chats AS c`, to the microsecond; null: none, or no time. */
export const RETRY_SECONDS_LEFT = Prisma.sql`
  CASE WHEN jsonb_typeof(c.retry_state -> 'retrying_at') = 'string' AND ${TEXT} ~ ${FORM}
    THEN extract(epoch FROM ${WHOLE_SECONDS} - now())::float8
      + COALESCE(substring(${TEXT} FROM '\\.\\d{1,6}')::float8, 0) END`;

/** Whether `chats AS c` names a time to retry at, be it one or not. */
export const NAMES_RETRY_TIME = Prisma.sql`
  (jsonb_typeof(c.retry_state) = 'object' AND COALESCE(jsonb_typeof(c.retry_state -> 'retrying_at'), 'null') <> 'null')`;

/** Whether `chats AS c` names a time to retry at that is none. */
export const RETRY_TIME_IS_ODD = Prisma.sql`(${NAMES_RETRY_TIME} AND (${RETRY_SECONDS_LEFT}) IS NULL)`;

/** Whether `chats AS c` has a retry state, as the field `retryState` shows one. */
export const HAS_RETRY_STATE = Prisma.sql`
  (COALESCE(jsonb_typeof(c.retry_state), 'null') NOT IN ('null', 'array'))`;
