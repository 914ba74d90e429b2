/** The questions of one operation within one turn of the event loop, gathered and answered together. */
import { endOfTurn } from '../../common/turn.ts';
import { Prisma } from '../../prisma/generated/client.ts';
import { type DatabaseQuestion, type Moment, type Transaction, transactionFor } from './transaction.ts';

/** Row as JSON has it. */
export type Row = Record<string, unknown>;

/**
 * Asks all questions in one statement.
 * @returns the rows of each
 */
type Send = (names: readonly string[], statements: readonly Prisma.Sql[]) => Promise<readonly (readonly Row[])[]>;

/** Error for questions that cannot be answered in this way. */
export class NotQuick extends Error {
  override name = 'NotQuick';
}

/**
 * Names of columns with a moment. In every question such a column must be named so, `…At` or `since`, and no text may be.
 * A text would be read as a moment here, and a moment as a text.
 */
const IS_MOMENT = /At$|^since$/;

export class Batch {
  readonly moment: Moment;
  readonly #send: Send;
  /** Names of its questions. */
  readonly names: string[] = [];
  readonly #statements: Prisma.Sql[] = [];
  #answers: Promise<readonly (readonly Row[])[]> | undefined;
  #isSent = false;

  readonly #ownerId: string | undefined;

  /** @param ownerId owner of all chats that are read; undefined: all owners */
  constructor(moment: Moment, send: Send, ownerId?: string) {
    this.moment = moment;
    this.#send = send;
    this.#ownerId = ownerId;
  }

  /** True while a question can still join the others. */
  get isOpen(): boolean {
    return !this.#isSent;
  }

  /**
   * Puts a question.
   * @throws NotQuick, the question's own error, or the error of the statement, which is one for all
   */
  ask<T>(name: string, question: DatabaseQuestion<T>): Promise<T> {
    this.names.push(name);
    return question(transactionFor(name, this.#gathering, this.moment.platform), this.moment);
  }

  readonly #gathering: Transaction = {
    $queryRaw: async <T>(text: TemplateStringsArray | Prisma.Sql, ...values: unknown[]): Promise<T> => {
      if (this.#isSent) throw new NotQuick('It was asked too late.');
      const asked = 'raw' in text ? Prisma.sql(text, ...values) : text;
      const place = this.#statements.push(this.#ownerId === undefined ? asked : ofOwner(asked, this.#ownerId)) - 1;
      this.#answers ??= this.#sendLater();
      return withMoments((await this.#answers)[place] ?? []) as T;
    },
    $executeRaw: async () => {
      throw new NotQuick('It is more than a question.');
    },
  };

  async #sendLater(): Promise<readonly (readonly Row[])[]> {
    await endOfTurn();
    this.#isSent = true;
    return this.#send(this.names, this.#statements);
  }
}

/**
 * Statement whose lists of ids keep none but this owner's chats. It is asked before it is known whose they are, and what is
 * read of another's chat would show in its time.
 */
function ofOwner({ strings, values }: Prisma.Sql, ownerId: string): Prisma.Sql {
  const narrowed = values.map((value, i) =>
    Array.isArray(value) && strings[i + 1]?.startsWith('::uuid[]')
      ? Prisma.sql`ARRAY(SELECT o.id FROM chats AS o WHERE o.id = ANY(${value}::uuid[]) AND o.owner_id = ${ownerId}::uuid)`
      : value,
  );
  return new Prisma.Sql(strings, narrowed);
}

/**
 * JSON has no moments: each comes as a text. All rows of a question have the same columns.
 * @param rows nobody else's
 */
function withMoments(rows: readonly Row[]): readonly Row[] {
  const names = Object.keys(rows[0] ?? {}).filter((name) => IS_MOMENT.test(name));
  for (const row of rows) {
    for (const name of names) if (typeof row[name] === 'string') row[name] = new Date(row[name]);
  }
  return rows;
}
