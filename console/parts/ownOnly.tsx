/** Says that a list holds the chats of this person alone, so that an empty one is not taken for a fleet that is well. */
import { hasRole } from '../data/session.ts';

/** True if this person sees their own chats alone. A cookie does not tell the page. */
export const seesOwnOnly = (): boolean => hasRole('chat-debug:read-all') === false;

export const OwnOnly = () =>
  seesOwnOnly() ? (
    <p class="old">
      You see your own chats alone, and not how the others are. Whoever has the role <code>chat-debug:read-all</code>{' '}
      sees all of them.
    </p>
  ) : null;
