/** The operation behind the snapshot document, which an assistant's tool and the warm-up ask as well. */
import { readFileSync } from 'node:fs';

/** Operation, named SnapshotDocument. */
export const SNAPSHOT_OPERATION = readFileSync(new URL('snapshotDocument.graphql', import.meta.url), 'utf8');
