/** Context of one operation on incidents: the caller's rights, and loaders that ask once for many. */
import DataLoader from 'dataloader';
import type { Caller } from '../../server/tokens/internalToken.ts';
import { ownerOfReadable } from './access.ts';
import {
  type BundleRow,
  bundlesOf,
  type IncidentRow,
  incidentsById,
  incidentsOfChats,
  type Readers,
} from './questions.ts';

export interface RecorderContext {
  readonly requestId: string;
  readonly caller: Caller;
  readonly readers: Readers;
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

/** Makes the context of one operation. */
export function recorderContext(readers: Readers, caller: Caller, requestId: string): RecorderContext {
  const owner = ownerOfReadable(caller);
  return {
    ...{ requestId, caller, readers, owner, bundlesRead: 0 },
    incident: new DataLoader(async (ids) => {
      const found = new Map((await incidentsById(readers, ids, owner)).map((row) => [row.id, row]));
      return ids.map((id) => found.get(id) ?? null);
    }),
    ofChat: new DataLoader(
      async (asked) => {
        const most = Math.max(...asked.map(({ first }) => first));
        const chatIds = [...new Set(asked.map(({ chatId }) => chatId))];
        const rows = await incidentsOfChats(readers, chatIds, owner, most);
        return asked.map(({ chatId, first }) => rows.filter((row) => row.chatId === chatId).slice(0, first));
      },
      { cacheKeyFn: ({ chatId, first }) => `${first} ${chatId}` },
    ),
    bundles: new DataLoader(async (ids) => {
      const rows = await bundlesOf(readers, ids);
      return ids.map((id) => rows.filter(({ incidentId }) => incidentId === id));
    }),
  };
}
