/** Actions that may be taken on a chat: still to come. */
import type { WholeChat } from '../data/operations.ts';

export const Offers = (_: { readonly chat: WholeChat }) => null;
