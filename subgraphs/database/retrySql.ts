/**
 * Times in `retry_state`, which any worker may have written.
 * A cast of text that is no time would fail the whole question. A JSON path ignores what it does not understand.
 */
import { Prisma } from '../../prisma/generated/client.ts';

const TEXT = Prisma.sql`(c.retry_state ->> 'retrying_at')`;
/** Form of RFC 3339. The JSON path knows the calendar. */
const FORM = Prisma.raw(`'^\\d{4}-\\d\\d-\\d\\dT\\d\\d:\\d\\d:\\d\\d(\\.\\d+)?(Z|[+-]\\d\\d:\\d\\d)$'`);

/** Time without its fraction, which Postgres 14 does not read there, and without the `Z`, which comes with 17. */
const WHOLE_SECONDS = Prisma.sql`
  (jsonb_path_query_first_tz(
    to_jsonb(regexp_replace(regexp_replace(${TEXT}, '\\.\\d+', ''), 'Z$', '+00:00')), '$.datetime()', '{}', true) #>> '{}')::timestamptz`;

/** Seconds from now until `retrying_at` of `chats AS c`, to the microsecond; null: none, or no time. */
export const RETRY_SECONDS_LEFT = Prisma.sql`
  CASE WHEN jsonb_typeof(c.retry_state -> 'retrying_at') = 'string' AND ${TEXT} ~ ${FORM}
    THEN extract(epoch FROM ${WHOLE_SECONDS} - now())::float8
      + COALESCE(substring(${TEXT} FROM '\\.\\d{1,6}')::float8, 0) END`;

/** True if `chats AS c` names a time for a retry, readable or not. */
export const NAMES_RETRY_TIME = Prisma.sql`
  (jsonb_typeof(c.retry_state) = 'object' AND COALESCE(jsonb_typeof(c.retry_state -> 'retrying_at'), 'null') <> 'null')`;

/** True if `chats AS c` names an unreadable time for a retry. */
export const RETRY_TIME_IS_ODD = Prisma.sql`(${NAMES_RETRY_TIME} AND (${RETRY_SECONDS_LEFT}) IS NULL)`;

/** True if `chats AS c` has a retry state that the field `retryState` shows. */
export const HAS_RETRY_STATE = Prisma.sql`
  (COALESCE(jsonb_typeof(c.retry_state), 'null') NOT IN ('null', 'array'))`;
