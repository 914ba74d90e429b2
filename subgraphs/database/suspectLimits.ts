/** Limits by which a list judges which chats look like trouble. */
import type { Thresholds } from '../../domain/thresholds.ts';
import type { Platform } from './platform.ts';
import type { Pools } from './questions/pools.ts';

export interface SuspectLimits extends Thresholds {
  /** True if the lease table can be read; otherwise nothing is known of any lease. */
  readonly heartbeatsReadable: boolean;
  readonly platform: Platform;
  /** True if any chat waits for an outside tool. Planning what is told of those costs more than this look. */
  readonly someWaitOutside: boolean;
  /** Slots that all replicas share, if they do. */
  readonly pools: Pools | undefined;
  /** User whose children count; undefined: everybody's. */
  readonly readableOf: string | undefined;
}
