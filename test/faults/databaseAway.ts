/** Tells a server that was ended or restarted from every other failure. */

/** SQLSTATE class 57P (it shuts down, crashed, or starts) and 08, the socket's own codes, and what `pg` says without a code. */
const AWAY =
  /^(57P0[1-3]|08\w{3}|ECONN(REFUSED|RESET)|EPIPE)\b|Connection terminated|connection error and is not queryable/;

/** @throws anything else that goes wrong */
export async function orDatabaseAway<T>(work: Promise<T>): Promise<T | 'away'> {
  try {
    return await work;
  } catch (error) {
    const { code = '', message = '' } = error as { code?: string; message?: string };
    if (AWAY.test(code) || AWAY.test(message)) return 'away';
    throw error;
  }
}
