/** The context of one operation, which every resolver is handed. */

import type { WithRequestId } from '../../server/graphql/answering.ts';
import type { Logger } from '../../server/log.ts';
import type { Caller } from '../../server/tokens/internalToken.ts';
import type { Readable } from './access.ts';
import type { AskAtOnce } from './askedAtOnce.ts';
import type { Loaders } from './loaders.ts';
import type { Reading } from './reading.ts';
import type { ReplicaMemory } from './replicaMemory.ts';

export interface DatabaseContext extends WithRequestId {
  readonly caller: Caller;
  /** Log whose lines name the request. */
  readonly log: Logger;
  readonly readable: Readable;
  readonly reading: Reading;
  readonly askAtOnce: AskAtOnce;
  readonly loaders: Loaders;
  readonly replicaMemory: ReplicaMemory;
}
