/** The platform of this project's own tables, for questions without a subgraph around them. */
import { ownPlatform } from '../../../../subgraphs/database/platform.ts';

export const OWN = ownPlatform({}, true);

/** Platform for a reading that looks at no catalog. */
export const ownTables = { find: async () => OWN, forget: () => {}, indexes: async () => undefined };
