/** The reason of a turn that broke off, as it stands in the message of `last_error`. */

interface BreakOff {
  /** Failure of the database: its name, or an SQLSTATE. */
  readonly failure?: string;
  /** One word for anything else. */
  readonly defect?: string;
}

/** Reason as the worker writes it: a failure of the database, named in brackets, or one word. */
const BROKE_OFF = /broke off [^:]*: (?:the database .* \((?<failure>[A-Z0-9_]+)\); |(?<defect>\S+)$)/;

/** Reads the reason from a message; empty if the message gives none. */
export const breakOffIn = (message: string | null | undefined): BreakOff => BROKE_OFF.exec(message ?? '')?.groups ?? {};
