/** `npm run forget`: a person's id is gone from the history and from incidents, and nothing else is. */
import { randomUUID } from 'node:crypto';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeAll, describe, expect, test } from '@jest/globals';
import { writeSystemFile } from '../../local/systemFile.ts';
import { insertChat } from '../subgraphs/database/support/rows.ts';
import { emptyIncidentTables, makeIncidentTables } from '../subgraphs/recorder/support/incidentTables.ts';
import { runScript } from '../support/command.ts';
import { createDatabase, databasePerFile } from '../support/database.ts';

const database = databasePerFile();
beforeAll(() => makeIncidentTables(database.pool));
afterEach(async () => {
  await database.pool.query('TRUNCATE chats CASCADE');
  await emptyIncidentTables(database.pool);
});

const forget = (args: readonly string[], environment: Record<string, string> = { DATABASE_URL: database.url }) =>
  runScript('dist/cli/forget.js', args, environment);

/** A chat of somebody else in which the person wrote, and an incident of a chat of the person's own that is gone. */
async function noted(person: string, incidents = database) {
  const chat = await insertChat(database.pool, { owner_id: randomUUID() });
  await database.pool.query('UPDATE chat_events SET actor_id = $2 WHERE chat_id = $1', [chat, person]);
  const { rows } = await incidents.pool.query(
    `INSERT INTO chat_debug_recorder.incidents
       (chat_id, owner_id, code, severity, verdict, summary, codes, worker_ids)
     VALUES (gen_random_uuid(), $1, 'NO_OWNER', 'CRITICAL', 'STUCK', 'Stuck.', '{NO_OWNER}', '{}') RETURNING id`,
    [person],
  );
  const bundle = JSON.stringify({ snapshot: { database: { ownerId: person } }, events: [{ actorId: person }] });
  await incidents.pool.query(
    `INSERT INTO chat_debug_recorder.incident_bundles (incident_id, why, bytes, bundle) VALUES ($1, 'OPENED', $2, $3)`,
    [rows[0].id, bundle.length, bundle],
  );
  await incidents.pool.query(
    `INSERT INTO chat_debug_recorder.deliveries (incident_id, status, incident) VALUES ($1, 'FIRING', $2)`,
    [rows[0].id, JSON.stringify({ summary: `Person ${person} fills it.` })],
  );
}

/** Everything that is noted, as one text. */
async function everything(incidents = database): Promise<string> {
  const { rows: events } = await database.pool.query('SELECT chat_events::text AS text FROM chat_events');
  const { rows } = await incidents.pool.query(
    `SELECT incidents::text || coalesce(bundle::text, '') || coalesce(incident::text, '') AS text
     FROM chat_debug_recorder.incidents
     LEFT JOIN chat_debug_recorder.incident_bundles ON incident_bundles.incident_id = incidents.id
     LEFT JOIN chat_debug_recorder.deliveries ON deliveries.incident_id = incidents.id`,
  );
  return [...events, ...rows].map(({ text }) => text).join('\n');
}

describe('npm run forget', () => {
  test('says where an id stands, and changes nothing until it is told to', async () => {
    const [person, other] = [randomUUID(), randomUUID()];
    await noted(person);
    await noted(other);
    const before = await everything();
    const first = await forget(['--owner', person.toUpperCase()]);
    expect(first).toEqual({
      ...{ code: 0, stderr: '' },
      stdout: `The id ${person} stands in:
  events that name it as actor: 1
  incidents of its chats: 1
  bundles that name it: 1
  alerts still to be sent that name it: 1
Nothing was changed. --yes takes it out.
`,
    });
    expect(await everything()).toBe(before);

    const done = await forget(['--owner', person, '--yes']);
    expect(done).toMatchObject({ code: 0, stderr: '', stdout: expect.stringMatching(/was taken out of:/) });
    const after = await everything();
    expect(after).not.toContain(person);
    expect(after).toContain(other);
    expect((await forget(['--owner', person, '--yes'])).stdout).toBe(
      `The id ${person} stands nowhere in the history or in incidents.\n`,
    );
  });

  test('looks for incidents where they are kept', async () => {
    const apart = await createDatabase('template0');
    try {
      await makeIncidentTables(apart.pool);
      const person = randomUUID();
      await noted(person, apart);
      const both = { DATABASE_URL: database.url, RECORDER_DATABASE_URL: apart.url };
      expect((await forget(['--owner', person, '--yes'], both)).code).toBe(0);
      expect(await everything(apart)).not.toContain(person);
      const alone = await forget(['--owner', person], { RECORDER_DATABASE_URL: apart.url });
      expect(alone).toMatchObject({ code: 0, stdout: expect.stringMatching(/stands nowhere/) });
    } finally {
      await apart.drop();
    }
  });

  test('finds the database of a system that runs on DATA_DIR', async () => {
    const dataDir = mkdtempSync(join(tmpdir(), 'chat-debug-forget-'));
    try {
      const secrets = { authSecret: 'a secret', internalSecret: 'another', token: 'a.b.c', ownerId: randomUUID() };
      writeSystemFile(dataDir, { ...secrets, databaseUrl: database.url, gatewayUrl: 'http://127.0.0.1:9' });
      const person = randomUUID();
      await noted(person);
      expect(await forget(['--owner', person, '--yes'], { DATA_DIR: dataDir })).toMatchObject({ code: 0, stderr: '' });
      expect(await everything()).not.toContain(person);
    } finally {
      rmSync(dataDir, { recursive: true });
    }
  });

  test('says that chats of the person would name the id again', async () => {
    const person = randomUUID();
    await insertChat(database.pool, { owner_id: person });
    const { code, stdout } = await forget(['--owner', person]);
    expect([code, stdout]).toEqual([0, expect.stringMatching(/^1 of its chats are still there\./m)]);
  });

  test('changes nothing in a database of somebody else', async () => {
    const foreign = await createDatabase('template0');
    try {
      await foreign.pool.query('CREATE TABLE chats (id uuid)');
      const refused = await forget(['--owner', randomUUID(), '--yes'], { DATABASE_URL: foreign.url });
      expect(refused).toMatchObject({ code: 1, stdout: '' });
    } finally {
      await foreign.drop();
    }
  });

  test.each([
    [[], {}, 2, "required option '--owner <uuid>' not specified"],
    [['--owner', 'x'], {}, 2, 'It must be a UUID'],
    [['--owner', randomUUID()], { DATA_DIR: '/no/such' }, 1, 'No system runs on DATA_DIR=/no/such, and DATABASE_URL'],
  ])('%j with %j ends with %i and a sentence', async (args, environment, code, sentence) => {
    const finished = await forget(args, environment);
    expect(finished).toMatchObject({ code, stdout: '' });
    expect(finished.stderr).toContain(sentence);
  });
});
