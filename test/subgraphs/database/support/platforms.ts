/** The platform of this project's own tables, for questions that are put without a subgraph around them. */
import { ownPlatform } from '../../../../subgraphs/database/platform.ts';

export const OWN = ownPlatform({}, true);

/** For a reading that looks at no catalog. */
export const ownTables = { find: async () => OWN, forget: () => {}, indexes: async () => undefined };
