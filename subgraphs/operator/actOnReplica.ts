/** Actions on replicas: the row that a worker looks at with its heartbeats. */
import type { PoolClient } from 'pg';
import type { ReplicaAction } from '../../domain/actions/names.ts';
import { clientError } from '../../server/graphql/errors.ts';
import { mayReadAll, READ_ALL } from '../../server/tokens/internalToken.ts';
import { requireRight } from './access.ts';
import type { ApplyAction } from './act.ts';
import type { ActionRequest } from './request.ts';

/** @param action a replica's action; the request's is the same */
export const applyToReplica =
  (action: ReplicaAction): ApplyAction =>
  async (tx, request) => {
    requireRight(request.caller, action);
    if (!mayReadAll(request.caller)) throw clientError('FORBIDDEN', `This needs the role ${READ_ALL}, too.`);
    const { rows } = await tx.query<{ isStopped: boolean }>(
      'SELECT stopped_at IS NOT NULL AS "isStopped" FROM replicas WHERE id = $1',
      [request.targetId],
    );
    const [replica] = rows;
    if (!replica) throw clientError('NOT_FOUND', 'There is no such replica.');
    if (action === 'DRAIN_REPLICA' && replica.isStopped) {
      return { outcome: 'REFUSED', why: 'The replica has stopped: it takes no chats.' };
    }
    await tx.query('SAVEPOINT before_the_effect');
    const isChanged = await (action === 'DRAIN_REPLICA' ? drain : undrain)(tx, request);
    if (request.isDryRun) await tx.query('ROLLBACK TO SAVEPOINT before_the_effect');
    if (isChanged) return { outcome: 'DONE' };
    const why =
      action === 'DRAIN_REPLICA' ? 'The replica is told to drain already.' : 'The replica is not told to drain.';
    return { outcome: 'NO_CHANGE', why };
  };

async function drain(tx: PoolClient, { targetId, caller, reason }: ActionRequest): Promise<boolean> {
  const { rowCount } = await tx.query(
    'INSERT INTO chat_debug_drains (replica_id, by, reason) VALUES ($1, $2, $3) ON CONFLICT DO NOTHING',
    [targetId, caller.sub, reason],
  );
  return rowCount === 1;
}

async function undrain(tx: PoolClient, { targetId }: ActionRequest): Promise<boolean> {
  const { rowCount } = await tx.query('DELETE FROM chat_debug_drains WHERE replica_id = $1', [targetId]);
  return rowCount === 1;
}
