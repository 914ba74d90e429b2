/** The object of measurement: something that takes work out of Postgres. */
import type { ClientBase, Pool } from 'pg';

export interface TakeOptions {
  readonly databaseUrl: string;
  /** Number of pieces that a process works on at once. */
  readonly concurrency: number;
  /** Called at the first moment at which this process can work on it. */
  readonly onTaken: (id: string) => void;
}

/** Stops taking once what was taken is finished. */
export type Stop = () => Promise<void>;

export interface Taker {
  /** Makes the tables that it needs, and whatever `add` needs. */
  prepare(database: { url: string; pool: Pool }): Promise<Source>;
  /** Begins to take, in this process. */
  take(options: TakeOptions): Promise<Stop>;
}

/** Source of a taker's work. */
export interface Source {
  /** Puts one piece of work in, as its users do. @returns its id */
  add(): Promise<string>;
  /** Puts many in, in the transaction of `tx`. */
  addMany(tx: ClientBase, count: number): Promise<void>;
  /** A query whose one value is how many are not finished. */
  readonly remaining: string;
  close(): Promise<void>;
}
