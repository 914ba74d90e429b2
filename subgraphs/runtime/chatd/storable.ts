/** Text and JSON that Postgres takes: `text` and `jsonb` hold neither U+0000 nor half a surrogate pair. Pure. */

const REPLACEMENT = '\ufffd';
/** Escape of JSON text: one that is refused, all of it, or the beginning of any other. */
const ESCAPE = /\\(?:u0000|ud[89a-f][0-9a-f]{2}|.)/g;
const LONE_SURROGATE = /[\ud800-\udbff](?![\udc00-\udfff])|(?<![\ud800-\udbff])[\udc00-\udfff]/g;

/** Text with U+FFFD in place of each code unit that Postgres refuses. */
export const storableText = (text: string): string =>
  text.replaceAll('\u0000', REPLACEMENT).replace(LONE_SURROGATE, REPLACEMENT);

/** JSON text of the value for a `jsonb` parameter. Names of members are mended like values. */
export const storableJson = (value: unknown): string =>
  (JSON.stringify(value) ?? 'null').replace(ESCAPE, (code) => (code.length > 2 ? REPLACEMENT : code));

/** Copy of the value as it will be read from `jsonb`. */
export const storable = <T>(value: T): T => JSON.parse(storableJson(value)) as T;
