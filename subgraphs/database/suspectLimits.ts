/** By what a list judges which chats look like trouble. */
import type { Thresholds } from '../../domain/thresholds.ts';
import type { Platform } from './platform.ts';
import type { Pools } from './questions/pools.ts';

export interface SuspectLimits extends Thresholds {
  /** False: the lease table cannot be read, so nothing is known of any lease. */
  readonly heartbeatsReadable: boolean;
  readonly platform: Platform;
  /** Whether any chat waits for a tool outside: planning what is told of those costs more than to look whether there are any. */
  readonly someWaitOutside: boolean;
  /** The slots that all replicas share, if they do. */
  readonly pools: Pools | undefined;
  /** Only children of this user count; undefined: everybody's. */
  readonly readableOf: string | undefined;
}
