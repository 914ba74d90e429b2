/** Context of one operation on incidents: the caller's rights, and loaders that ask once for many. */
import DataLoader from 'dataloader';
import type { Pool } from 'pg';
import type { Caller } from '../../server/tokens/internalToken.ts';
import { readableOwner } from './access.ts';
import { type BundleRow, bundlesOf, type IncidentRow, incidentsById, incidentsOfChats } from './questions.ts';

export interface RecorderContext {
  readonly requestId: string;
  readonly caller: Caller;
  readonly pool: Pool;
  /** Owner whose incidents the caller may read. Null: everybody's. */
  readonly owner: string | null;
  readonly incident: DataLoader<string, IncidentRow | null>;
  readonly ofChat: DataLoader<OfChat, IncidentRow[], string>;
  readonly bundles: DataLoader<string, BundleRow[]>;
  /** Bundles that were answered so far. */
  bundlesRead: number;
}

/** The newest incidents of a chat. */
interface OfChat {
  readonly chatId: string;
  readonly first: number;
}

export function makeContext(pool: Pool, caller: Caller, requestId: string): RecorderContext {
  const owner = readableOwner(caller);
  return {
    ...{ requestId, caller, pool, owner, bundlesRead: 0 },
    incident: new DataLoader(async (ids) => {
      const found = new Map((await incidentsById(pool, ids, owner)).map((row) => [row.id, row]));
      return ids.map((id) => found.get(id) ?? null);
    }),
    ofChat: new DataLoader(
      async (asked) => {
        const most = Math.max(...asked.map(({ first }) => first));
        const chatIds = [...new Set(asked.map(({ chatId }) => chatId))];
        const rows = await incidentsOfChats(pool, chatIds, owner, most);
        return asked.map(({ chatId, first }) => rows.filter((row) => row.chatId === chatId).slice(0, first));
      },
      { cacheKeyFn: ({ chatId, first }) => `${first} ${chatId}` },
    ),
    bundles: new DataLoader(async (ids) => {
      const rows = await bundlesOf(pool, ids);
      return ids.map((id) => rows.filter(({ incidentId }) => incidentId === id));
    }),
  };
}
