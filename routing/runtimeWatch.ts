/** The watch on whether replicas have a half to be asked, by setting or by their platform. */
import type { Logger } from '../server/log.ts';

/** Platforms whose replicas serve no runtime subgraph. */
const WITHOUT_RUNTIME: readonly string[] = ['coder'];

interface RuntimeWatch {
  /** Told with each reading of the replica table. Undefined: not to be told now, so it is as it was. */
  found(platform: string | undefined): void;
  /** Reason why no replica is asked; undefined: they are, or it is not known yet. */
  notAsked(): NotAsked | undefined;
}

export interface NotAsked {
  /** A sentence. */
  readonly reason: string;
  /** It is not set so, and may come to be otherwise. */
  readonly isFound: boolean;
}

interface RuntimeWatchOptions {
  readonly isDisabled: boolean;
  /** Setting. `auto`, or left out: as it is found. */
  readonly platform: string | undefined;
  readonly log: Logger;
}

export function makeRuntimeWatch({ isDisabled, platform: set = 'auto', log }: RuntimeWatchOptions): RuntimeWatch {
  let platform = set === 'auto' ? undefined : set;
  return {
    found: (found) => {
      if (set !== 'auto' || found === undefined || found === platform) return;
      platform = found;
      if (WITHOUT_RUNTIME.includes(found))
        log.info({ platform: found }, 'no replica is asked: this platform has no runtime half');
    },
    notAsked: () => {
      if (isDisabled) return { reason: 'Nobody asks replicas here, by setting; nothing was sent.', isFound: false };
      if (platform === undefined || !WITHOUT_RUNTIME.includes(platform)) return undefined;
      return { reason: 'Replicas of this platform cannot be asked; nothing was sent.', isFound: set === 'auto' };
    },
  };
}
