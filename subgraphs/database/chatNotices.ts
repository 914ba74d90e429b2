/**
 * The listener for changes of chats, on a session of its own with the primary. It is there while somebody follows.
 * This project's workers announce every change on one channel; on a Coder deployment each chat has a channel.
 */
import type { Clock } from '../../common/clock.ts';
import { parseUuid } from '../../common/uuid.ts';
import type { ChangesFollower, ChatChange, Following } from '../../server/chatChanges.ts';
import type { Logger } from '../../server/log.ts';
import { listen, type Notifications } from '../../server/notifications.ts';

const OWN_CHANNEL = 'chat_update';
const CODER_CHANNEL = 'chat:update:';
/** Channels of one session. Chats beyond are looked at by time alone. */
const MAX_CHANNELS = 1_000;

interface ChatNoticesOptions {
  /** URL of the primary, without a pooler between; undefined: nobody is told of changes. */
  readonly listenUrl: string | undefined;
  /** True if each chat has a channel of its own; undefined: not known now. */
  readonly hasChannelForEach: () => boolean | undefined;
  readonly clock: Clock;
  readonly log: Logger;
}

export interface ChatNotices {
  follow(follower: ChangesFollower): Following;
  /** Sentence on what is not heard, while somebody would hear it; undefined: nothing. */
  note(): string | undefined;
  close(): Promise<void>;
}

export function makeChatNotices({ listenUrl, hasChannelForEach, clock, log }: ChatNoticesOptions): ChatNotices {
  const followers = new Map<ChangesFollower, readonly string[]>();
  let listening: Notifications | undefined;
  let isConnected = false;
  let pending: ChatChange[] = [];

  const tell = () => {
    const changes = pending;
    pending = [];
    for (const follower of followers.keys()) follower.changed(changes);
  };
  const notified = (channel: string, payload: string) => {
    const change = changeOf(channel, payload);
    if (!change) return;
    if (pending.push(change) === 1) setImmediate(tell); // all that has arrived is told together
  };
  const connected = (is: boolean) => {
    isConnected = is;
    for (const follower of followers.keys()) follower.connected(is);
  };
  const channels = () => {
    const isForEach = hasChannelForEach();
    if (isForEach === false) return [OWN_CHANNEL];
    const chatIds = new Set([...followers.values()].flat());
    const ofChats = [...chatIds].slice(0, MAX_CHANNELS).map((id) => `${CODER_CHANNEL}${id}`);
    return isForEach ? ofChats : [OWN_CHANNEL, ...ofChats];
  };
  const begin = (databaseUrl: string): Notifications =>
    listen({
      ...{ databaseUrl, name: 'chat-debug notifications', channels: channels(), clock, log },
      onNotification: notified,
      onConnected: () => connected(true),
      onLost: () => connected(false),
    });
  const end = () => {
    const stopped = listening?.stop();
    listening = undefined;
    isConnected = false;
    return stopped;
  };

  return {
    follow: (follower) => {
      followers.set(follower, []);
      if (listenUrl !== undefined) listening ??= begin(listenUrl);
      follower.connected(isConnected);
      return {
        setChats: (chatIds) => {
          followers.set(follower, chatIds);
          listening?.setChannels(channels());
        },
        stop: () => {
          if (followers.delete(follower) && followers.size === 0) void end();
        },
      };
    },
    note: () => {
      if (followers.size === 0 || isConnected) return undefined;
      const why = listenUrl === undefined ? 'DATABASE_LISTEN_URL is not set' : 'the listening connection is lost';
      return `Live views look for changes by time alone: ${why}.`;
    },
    close: async () => end(),
  };
}

/** Change that a notification tells of; undefined: none that can be understood. */
function changeOf(channel: string, payload: string): ChatChange | undefined {
  if (channel.startsWith(CODER_CHANNEL)) {
    const chatId = parseUuid(channel.slice(CODER_CHANNEL.length));
    return chatId === undefined ? undefined : [chatId, null];
  }
  const update = /"chat_id"\s*:\s*"([0-9a-f-]{36})"(?:.*"snapshot_version"\s*:\s*(\d+))?/.exec(payload);
  const chatId = parseUuid(update?.[1]);
  return chatId === undefined ? undefined : [chatId, update?.[2] === undefined ? null : Number(update[2])];
}
