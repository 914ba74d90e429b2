/** What an action changes, value by value, by the record of its dry run. Pure. */
import type { ActRecord } from './operations.ts';

interface Change {
  readonly what: string;
  readonly before: string;
  readonly after: string;
}

const NONE = 'none';

/** @param queueDepth messages in the queue as it was looked at */
export function changesOf(record: ActRecord, queueDepth: number): readonly Change[] {
  const { action, before, after, foundVersion, versionAfter, foundWorkerId } = record;
  const owner = foundWorkerId === null ? NONE : `replica ${foundWorkerId.slice(0, 8)}`;
  const all: readonly (Change | false)[] = [
    before !== null && { what: 'state', before, after: after ?? before },
    foundVersion !== null && {
      what: 'version',
      before: String(foundVersion),
      after: String(versionAfter ?? foundVersion),
    },
    action === 'RELEASE_CHAT' && { what: 'owner', before: owner, after: NONE },
    action === 'DELETE_QUEUED_MESSAGES' && { what: 'queued messages', before: String(queueDepth), after: '0' },
    action === 'RETRY_CHAT' && { what: 'last error', before: 'stands in the row', after: 'cleared' },
    action === 'DRAIN_REPLICA' && { what: 'takes chats', before: 'yes', after: 'no, and hands over those it has' },
    action === 'UNDRAIN_REPLICA' && { what: 'takes chats', before: 'no', after: 'yes' },
  ];
  return all.filter((one) => one !== false);
}
