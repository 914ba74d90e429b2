/** Rights to read incidents. Pure. What a caller may not read looks exactly like what does not exist. */
import { parseUuid } from '../../server/graphql/scalars.ts';
import { type Caller, mayReadAll } from '../../server/tokens/internalToken.ts';

/** Owner that no chat has: for a caller whose `sub` is no id. */
const NOBODY = '00000000-0000-0000-0000-000000000000';

/** Owner whose incidents the caller may read. Null: everybody's. */
export const readableOwner = (caller: Caller): string | null =>
  mayReadAll(caller) ? null : (parseUuid(caller.sub) ?? NOBODY);
