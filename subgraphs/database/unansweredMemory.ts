/** Whether the database notes which chats are unanswered: a column that only this project's migrations make. */
import type { Transaction } from './transaction.ts';

export class UnansweredMemory {
  /** Once it does it always does; until then it may be migrated at any time. */
  #isNoted = false;

  async isNoted(tx: Transaction): Promise<boolean> {
    this.#isNoted ||= await hasColumn(tx);
    return this.#isNoted;
  }
}

async function hasColumn(tx: Transaction): Promise<boolean> {
  const rows = await tx.$queryRaw<unknown[]>`
    SELECT true FROM pg_attribute AS a
    WHERE a.attrelid = to_regclass('chats') AND a.attname = 'unanswered' AND NOT a.attisdropped`;
  return rows.length > 0;
}
