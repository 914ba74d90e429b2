/** What asking knows of runtime protocol 1: its requests and replies, and who makes them and reads them. */
import type { Reply } from '../transport/transport.ts';
import type { Share, ShareAnswer } from './share.ts';

/** One request of the protocol. */
export interface Asked {
  /** Whether it is about chats, or about the worker as a whole. */
  readonly about: 'chats' | 'replica';
  readonly path: string;
  /** Query string. Undefined: none. */
  readonly search?: string;
  /** JSON. Undefined: the request is a GET. */
  readonly body?: string;
}

/** A request of the protocol, with its reply. */
export interface Replied {
  readonly about: Asked['about'];
  readonly reply: Reply;
}

/** What the protocol makes of one fetch of entities. */
export interface ProtocolFetch {
  /** Requests that tell all of a share, as few as there can be. They are sent one after the other. */
  questionsOf(share: Share): readonly Asked[];
  /** @param timeoutMs time that there was, for the reason */
  answerOf(share: Share, replied: readonly Replied[], timeoutMs: number): ShareAnswer;
}
