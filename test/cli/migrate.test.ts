import { describe, expect, test } from '@jest/globals';
import { runScript } from '../support/command.ts';
import { createDatabase } from '../support/database.ts';

const migrate = (environment: Record<string, string>) => runScript('dist/cli/migrate.js', [], environment);

describe('npm run migrate', () => {
  test('says what it applied to an empty database, and that nothing is left to do', async () => {
    const empty = await createDatabase('template0');
    try {
      const first = await migrate({ DATABASE_URL: empty.url });
      expect(first).toMatchObject({ code: 0, stderr: '' });
      expect(first.stdout).toMatch(/^Applied: \d{14}_init/);
      const second = await migrate({ DATABASE_URL: empty.url });
      expect(second).toEqual({ code: 0, stdout: 'Nothing to do: all migrations are applied.\n', stderr: '' });
    } finally {
      await empty.drop();
    }
  });

  test('makes the tables of incidents beside the chats, or in a database of their own', async () => {
    const [chats, incidents] = [await createDatabase('template0'), await createDatabase('template0')];
    const hasIncidents = async ({ pool }: typeof chats) =>
      (await pool.query(`SELECT to_regclass('chat_debug_recorder.incidents') IS NOT NULL AS it`)).rows[0].it;
    try {
      const apart = await migrate({ DATABASE_URL: chats.url, RECORDER_DATABASE_URL: incidents.url });
      expect(apart).toMatchObject({ code: 0, stderr: '' });
      expect(apart.stdout).toMatch(/^Applied: \d{14}_init, .*\d{14}_incidents, .*\d{14}_deliveries\n$/);
      expect([await hasIncidents(chats), await hasIncidents(incidents)]).toEqual([false, true]);
      const alone = await migrate({ RECORDER_DATABASE_URL: incidents.url });
      expect(alone).toEqual({ code: 0, stdout: 'Nothing to do: all migrations are applied.\n', stderr: '' });
      await migrate({ DATABASE_URL: chats.url });
      expect(await hasIncidents(chats)).toBe(true);
    } finally {
      await chats.drop();
      await incidents.drop();
    }
  });

  test('refuses a database of somebody else, and says what it found', async () => {
    const foreign = await createDatabase('template0');
    try {
      await foreign.pool.query('CREATE TABLE chats (id uuid)');
      const finished = await migrate({ DATABASE_URL: foreign.url });
      expect(finished).toMatchObject({ code: 1, stdout: '' });
      expect(finished.stderr).toContain('found the tables chats, and no record of a migration');
      const ofIncidents = await migrate({ RECORDER_DATABASE_URL: foreign.url });
      expect(ofIncidents).toMatchObject({ code: 1, stdout: '' });
      expect(ofIncidents.stderr).toContain('No table of incidents was made.');
    } finally {
      await foreign.drop();
    }
  });

  test.each([
    [{}, 'DATABASE_URL: is not set.'],
    [{ DATABASE_URL: 'mysql://secret@host' }, 'DATABASE_URL: must start with postgres://'],
    [{ DATABASE_URL: 'postgres://user:secret@127.0.0.1:1/none' }, 'Cannot use the database of DATABASE_URL: connect'],
    [
      { RECORDER_DATABASE_URL: 'postgres://user:secret@127.0.0.1:1/none' },
      'Cannot use the database of RECORDER_DATABASE_URL: connect',
    ],
  ])('with %j ends with 1 and a sentence that tells no secret', async (environment, sentence) => {
    const finished = await migrate(environment);
    expect(finished).toMatchObject({ code: 1, stdout: '' });
    expect(finished.stderr).toContain(sentence);
    expect(finished.stderr).not.toMatch(/secret|\n +at /);
  });
});
