/** Texts of a client that rows are looked for by. Pure. */

/** Those of the texts that a row can hold. Postgres refuses a statement with a NUL in a text. */
export const storableTexts = (texts: readonly string[]): readonly string[] =>
  texts.filter((text) => !text.includes('\0'));
