/** A fleet that was set up wrong, or is not there: the cause is named, and not the chat's owner. */
import { describe, expect, test } from '@jest/globals';
import type { TestDatabase } from '../../support/database.ts';
import { type StartProcess, startDeployment } from '../support/deployment.ts';
import { wordsOf } from '../support/diagnosed.ts';
import { eventually } from '../support/eventually.ts';

export function hardTimes(database: () => TestDatabase, startProcess: StartProcess): void {
  describe('a fleet', () => {
    test('without a replica: a chat that waits is stuck for that, and not for want of room', async () => {
      const { field } = await startDeployment(startProcess, database());
      const id = await field.create('hello');
      const seen = await field.diagnosed(
        id,
        'it should have been taken',
        ({ severities }) => severities.NO_OWNER === 'CRITICAL',
      );
      expect(seen.verdict).toBe('STUCK');
      expect(seen.severities).not.toHaveProperty('CAPACITY_WAIT');
      expect(wordsOf(seen, 'NO_OWNER')).toMatch(/no replica/i);
      expect(wordsOf(seen, 'NO_OWNER')).not.toMatch(/room/);
    });

    test('whose replicas have another INTERNAL_SECRET than the gateway: that is said of the owner, not that it hangs', async () => {
      const { field, startReplica } = await startDeployment(startProcess, database());
      await startReplica({ INTERNAL_SECRET: 'another internal secret, long enough for all' });
      const id = await field.create('/stall');
      await eventually(
        'it has an owner',
        () => field.column(id, 'worker_id'),
        (worker) => worker !== null,
      );
      const seen = await field.found(id, 'OWNER_UNREACHABLE');
      expect(seen.verdict).toBe('UNKNOWN');
      expect(wordsOf(seen, 'OWNER_UNREACHABLE')).toContain('INTERNAL_SECRET');
      expect(wordsOf(seen, 'OWNER_UNREACHABLE')).not.toContain('lease has run out');
    });

    test('with an address that the gateway may not ask: that is said of the owner', async () => {
      const { field, startReplica } = await startDeployment(startProcess, database(), {
        REPLICA_ADDRESS_ALLOW: '10.0.0.0/8',
      });
      await startReplica();
      const id = await field.create('/stall');
      await eventually(
        'it has an owner',
        () => field.column(id, 'worker_id'),
        (worker) => worker !== null,
      );
      const seen = await field.found(id, 'OWNER_UNREACHABLE');
      expect(seen.verdict).toBe('UNKNOWN');
      expect(wordsOf(seen, 'OWNER_UNREACHABLE')).toContain('REPLICA_ADDRESS_ALLOW');
    });
  });
}
