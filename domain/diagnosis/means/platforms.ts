/** Means by platform. */
import type { Situation } from '../situation.ts';
import { CODER } from './coder.ts';
import type { Means } from './means.ts';
import { OWN } from './own.ts';
import { VIEWS } from './views.ts';

const MEANS: Readonly<Record<Situation['platform'], Means>> = { own: OWN, coder: CODER, views: VIEWS };

export const meansOf = ({ platform }: Situation): Means => MEANS[platform];
