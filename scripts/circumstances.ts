/** Circumstances beside those of the matrix: the healthy chat, with one change each. */
import type { Circumstance } from './circumstances/circumstance.ts';
import { CODER_CIRCUMSTANCES } from './circumstances/ofCoder.ts';
import { OWNERSHIP_CIRCUMSTANCES } from './circumstances/ofOwnership.ts';
import { TURN_CIRCUMSTANCES } from './circumstances/ofTurns.ts';
import { VIEWS_CIRCUMSTANCES } from './circumstances/ofViews.ts';

export const CIRCUMSTANCES: readonly Circumstance[] = [
  ...OWNERSHIP_CIRCUMSTANCES,
  ...TURN_CIRCUMSTANCES,
  ...CODER_CIRCUMSTANCES,
  ...VIEWS_CIRCUMSTANCES,
];
