/** Wake-ups of the recorder by `chat_update`, on best effort. Rounds come on their interval besides. */
import type { Clock } from '../../common/clock.ts';
import { spacedCalls } from '../../common/spacedCalls.ts';
import type { Logger } from '../../server/log.ts';
import { listen } from '../../server/notifications.ts';

/** Milliseconds between two wake-ups, so that a busy system is not read all the time. */
const WOKEN_EVERY_MS = 2_000;

interface ChangesOptions {
  /** URL of a direct session to the database of chats. Unset: nothing is heard. */
  readonly listenUrl: string | undefined;
  readonly onChange: () => void;
  readonly clock: Clock;
  readonly log: Logger;
}

interface Changes {
  /** Reason why changes are not heard; undefined: they are. */
  whyNotHeard(): string | undefined;
  stop(): Promise<void>;
}

/** Calls `onChange` when chats have changed, or may have while nothing was heard. */
export function hearChanges({ listenUrl, onChange, clock, log }: ChangesOptions): Changes {
  if (listenUrl === undefined) return { whyNotHeard: () => UNSET, stop: async () => {} };
  const stopping = new AbortController();
  const wake = spacedCalls(onChange, WOKEN_EVERY_MS, clock, stopping.signal);
  let isHeard = false;
  const notifications = listen({
    ...{ databaseUrl: listenUrl, name: 'chat-debug-recorder notifications', channels: ['chat_update'] },
    onNotification: wake,
    onConnected: () => {
      isHeard = true;
      wake();
    },
    onLost: () => {
      isHeard = false;
    },
    ...{ clock, log },
  });
  return {
    whyNotHeard: () => (isHeard ? undefined : LOST),
    stop: () => {
      stopping.abort();
      return notifications.stop();
    },
  };
}

const UNSET = 'Changes of chats are not heard: DATABASE_LISTEN_URL is not set. They are read on the interval alone.';
const LOST = 'Changes of chats are not heard now: the session for them is lost. They are read on the interval alone.';
