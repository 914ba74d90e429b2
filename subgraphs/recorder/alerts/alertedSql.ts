/** SQL of what an alert tells of an incident. Times are in UTC, with milliseconds (RFC 3339). */

export const momentText = (sql: string): string =>
  `to_char((${sql}) AT TIME ZONE 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS.MS"Z"')`;

/** JSON with the fields of `Alerted`. @param row name of a row of `incidents` */
export const alertedJson = (row: string): string => `json_build_object(
  'id', ${row}.id, 'chatId', ${row}.chat_id, 'openedAt', ${momentText(`${row}.opened_at`)},
  'closedAt', ${momentText(`${row}.closed_at`)}, 'closeReason', ${row}.close_reason, 'code', ${row}.code,
  'severity', ${row}.severity, 'verdict', ${row}.verdict, 'summary', ${row}.summary)`;
