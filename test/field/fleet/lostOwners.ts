/** Owners that a chat loses: one after the other dies, or stands still, or is told to stop. */
import { describe, expect, test } from '@jest/globals';
import type { TestDatabase } from '../../support/database.ts';
import type { ServerProcess } from '../../support/serverProcess.ts';
import { type StartProcess, startDeployment } from '../support/deployment.ts';
import { wordsOf } from '../support/diagnosed.ts';
import { eventually } from '../support/eventually.ts';
import type { Field } from '../support/field.ts';

const SHORT_LEASE = { HEARTBEAT_INTERVAL_SECONDS: '0.5', HEARTBEAT_STALE_SECONDS: '6' };
const CRITICAL_FROM = 5;

/** Waits until the chat's step has been begun so often, by an owner that is there now. */
const begun = (field: Field, id: string, attempts: number) =>
  eventually(
    `attempt ${attempts} is begun`,
    () => field.column(id, 'generation_attempt'),
    (attempt) => Number(attempt) >= attempts,
  );

export function lostOwners(database: () => TestDatabase, startProcess: StartProcess): void {
  describe('a chat whose owners', () => {
    test('are killed, each by what it does for this chat: OWNERS_LOST, first a warning, then critical', async () => {
      const { field, startReplica } = await startDeployment(startProcess, database(), SHORT_LEASE);
      const id = await field.create('/stall');
      const seen = [];
      for (let attempt = 1; attempt <= CRITICAL_FROM; attempt += 1) {
        const replica = await startReplica();
        await begun(field, id, attempt);
        seen.push((await field.look(id)).severities.OWNERS_LOST);
        if (attempt === CRITICAL_FROM) break;
        replica.kill('SIGKILL');
        await replica.ended;
      }
      expect(seen).toEqual([undefined, undefined, 'WARNING', 'WARNING', 'CRITICAL']);
      const end = await field.diagnose(id);
      expect(end.verdict).toBe('STUCK');
      expect(wordsOf(end, 'OWNERS_LOST')).toMatch(/interrupt/);
      expect(await field.suspects()).toContain(id);
    });

    test('stand still in turns, longer than a lease is good for: OWNERS_LOST, too', async () => {
      const { field, startReplica } = await startDeployment(startProcess, database(), SHORT_LEASE);
      const replicas = new Map<string, ServerProcess>();
      for (const replica of [await startReplica(), await startReplica()]) {
        const known = [...replicas.keys()];
        const { rows } = await field.pool.query<{ id: string }>('SELECT id FROM replicas WHERE relay_address = $1', [
          replica.url,
        ]);
        replicas.set(rows.find((row) => !known.includes(row.id))?.id ?? '', replica);
      }
      const id = await field.create('/stall');
      for (let attempt = 1; attempt < CRITICAL_FROM; attempt += 1) {
        await begun(field, id, attempt);
        const owner = (await field.column(id, 'worker_id')) ?? '';
        replicas.get(owner)?.kill('SIGSTOP');
        await eventually(
          'the other takes it',
          () => field.column(id, 'worker_id'),
          (now) => now !== owner,
        );
        replicas.get(owner)?.kill('SIGCONT');
      }
      await begun(field, id, CRITICAL_FROM);
      const end = await field.found(id, 'OWNERS_LOST');
      expect(end).toMatchObject({ verdict: 'STUCK', severities: { OWNERS_LOST: 'CRITICAL' } });
    });

    test('are told to stop, one after the other, as in a rolling upgrade: nothing is wrong with it', async () => {
      const { field, startReplica } = await startDeployment(startProcess, database(), SHORT_LEASE);
      const id = await field.create('/slow 600');
      let replica = await startReplica();
      for (let attempt = 1; attempt < CRITICAL_FROM; attempt += 1) {
        await begun(field, id, attempt);
        const next = await startReplica();
        replica.kill('SIGTERM');
        await replica.ended;
        replica = next;
      }
      await begun(field, id, CRITICAL_FROM);
      const end = await field.diagnosed(id, 'it is worked on', ({ verdict }) => verdict === 'WORKING');
      expect(end.severities).toEqual({});
    });
  });
}
