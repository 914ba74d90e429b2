/** The platform of this project's own tables, for questions without a subgraph around them. */
import { ownPlatform } from '../../../../subgraphs/database/platform.ts';
import type { QuickWay } from '../../../../subgraphs/database/quickWay.ts';

export const OWN = ownPlatform({}, true);

/** Platform for a reading that looks at no catalog. */
export const ownTables = { find: async () => OWN, forget: () => {}, indexes: async () => undefined };

/** Questions are put in a transaction, one after the other. */
export const onlyCarefully: Pick<QuickWay, 'begin' | 'learn'> = { begin: () => undefined, learn: () => {} };
