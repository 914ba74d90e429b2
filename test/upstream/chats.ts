/** Chats in every state that a Coder deployment knows, each with what is true of it. */
import type pg from 'pg';
import { ALIVE } from './cases/alive.ts';
import type { Case } from './cases/expected.ts';
import { REST } from './cases/rest.ts';
import { TROUBLE } from './cases/trouble.ts';
import { insertChat, insertReplicas } from './support/rows.ts';

export const CASES: readonly Case[] = [...ALIVE, ...REST, ...TROUBLE];

/** The ids of chats by the names of their cases. */
export type Ids = Map<string, string>;

/** Puts the replicas and these chats into a database. @param ids is filled */
export async function insertCases(
  pool: pg.Pool,
  ids: Ids,
  { cases = CASES, movesVersions = false }: { cases?: readonly Case[]; movesVersions?: boolean } = {},
): Promise<void> {
  await insertReplicas(pool);
  for (const { name, chat } of cases) ids.set(name, await insertChat(pool, chat, { movesVersions }));
}

export function idOf(ids: Ids, name: string): string {
  const id = ids.get(name);
  if (id === undefined) throw new Error(`There is no chat ${name}`);
  return id;
}
