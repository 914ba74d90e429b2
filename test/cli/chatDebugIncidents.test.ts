/** `npm run chat-debug -- incidents` and `incident`, over a running recorder. */
import { mkdtempSync, readFileSync, rmSync, statSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, afterEach, beforeAll, describe, expect, jest, test } from '@jest/globals';
import { systemClock } from '../../common/clock.ts';
import { freePort } from '../../local/ports.ts';
import type { RunningServer } from '../../server/app.ts';
import { startRecorderServer } from '../../subgraphs/recorder/server.ts';
import { shared } from '../gateway/runtimes.ts';
import { insertChat } from '../subgraphs/database/support/rows.ts';
import { emptyIncidentTables, incidentRows, makeIncidentTables } from '../subgraphs/recorder/support/incidentTables.ts';
import { until } from '../support/until.ts';
import { debugSystemPerFile } from './support/debugSystem.ts';

jest.setTimeout(240_000);

const port = await freePort(systemClock);
const url = `http://127.0.0.1:${port}/graphql`;
const { database, debug, system } = debugSystemPerFile({ recorder: { url, databaseTimeoutMs: 20_000 } });
const folder = mkdtempSync(join(tmpdir(), 'incidents-'));
const running: { recorder?: RunningServer } = {};

beforeAll(() => makeIncidentTables(database.pool));
afterEach(async () => {
  await running.recorder?.stop();
  await emptyIncidentTables(database.pool);
});
afterAll(() => rmSync(folder, { recursive: true }));

const startRecorder = async () => {
  running.recorder = await startRecorderServer({
    ...{ ...shared, port, databaseUrl: database.url, databaseTimeoutMs: 20_000 },
    ...{ gatewayUrl: `${system.url}/graphql`, intervalSeconds: 0.2, retentionDays: 30 },
  });
};
const opened = async () => {
  const id = await insertChat(database.pool, { status: 'paused' });
  await until('an incident of the chat is open', async () =>
    (await incidentRows(database.pool)).some(({ chat_id }) => chat_id === id),
  );
  return id;
};

describe('incidents', () => {
  test('are listed, and one is shown with its bundle, which can be judged offline', async () => {
    await startRecorder();
    const chat = await opened();
    const other = await opened();
    const list = await debug(['incidents']);
    expect(list).toMatchObject({ code: 1, stderr: '' });
    expect(list.stdout).toMatch(
      new RegExp(`^incident +state +for +began\n[0-9a-f-]{36}  open +\\S.* 20[\\d -]{8} [\\d:]{5}Z\n  chat ${other}\n`),
    );
    expect(list.stdout).toMatch(/\n {2}INVALID_STATE: Stuck: /);
    expect(list.stdout).toMatch(/\n2 incidents, 2 open\.\n/);

    const json = JSON.parse((await debug(['incidents', '--chat', chat, '--open', '--json'])).stdout);
    expect(json.incidents.edges).toMatchObject([{ node: { chatId: chat, code: 'INVALID_STATE', closedAt: null } }]);
    const { id } = json.incidents.edges[0].node;
    const shown = await debug(['incident', id]);
    expect(shown).toMatchObject({ code: 1, stderr: '' });
    expect(shown.stdout).toMatch(new RegExp(`^incident ${id}\n  chat +${chat}\n`));
    expect(shown.stdout).toMatch(/\nOPENED +20\S+Z +\d+ KB\n/);

    const file = join(folder, 'opened.json');
    const written = await debug(['incident', id, '-o', file]);
    expect(written).toMatchObject({ code: 1, stderr: '' });
    expect(written.stdout).toMatch(/opened\.json: Stuck: /);
    expect(statSync(file).mode & 0o777).toBe(0o600);
    expect(JSON.parse(readFileSync(file, 'utf8'))).toMatchObject({ snapshot: { chatId: chat } });
    expect((await debug(['why', '--from', file])).stdout).toMatch(new RegExp(`^STUCK +chat ${chat}`));
    const none = await debug(['incident', id, '-o', file, '--why', 'closing']);
    expect(none).toMatchObject({
      code: 2,
      stderr: expect.stringMatching(/^The incident keeps no bundle CLOSING\. It keeps: OPENED\./),
    });
  });

  test('are listed beyond one page, and from a place on', async () => {
    await startRecorder();
    await database.pool.query(
      `INSERT INTO chat_debug_recorder.incidents
         (chat_id, opened_at, closed_at, close_reason, code, severity, verdict, summary, codes, worker_ids)
       SELECT gen_random_uuid(), now() - number * interval '1 second', now(), 'WELL', 'NO_OWNER', 'CRITICAL', 'STUCK',
         'Stuck.', '{NO_OWNER}', '{}' FROM generate_series(1, 230) AS number`,
    );
    const listed = async (...args: string[]) => {
      const { stdout, stderr } = await debug(['incidents', '--json', ...args]);
      expect(stderr).toBe('');
      const { edges, pageInfo } = JSON.parse(stdout).incidents;
      return { ids: edges.map(({ node }: { node: { id: string } }) => node.id), pageInfo };
    };
    const all = await listed('--first', '1000');
    expect([new Set(all.ids).size, all.pageInfo.hasNextPage]).toEqual([230, false]);
    const first = await listed('--first', '210');
    expect([first.ids, first.pageInfo.hasNextPage]).toEqual([all.ids.slice(0, 210), true]);
    expect((await listed('--after', first.pageInfo.endCursor)).ids).toEqual(all.ids.slice(210));
    const { stdout } = await debug(['incidents', '--first', '2']);
    expect(stdout).toMatch(
      /\n2 incidents so far, 0 open\.\nOlder ones follow: --first shows more, and this goes on:\n/,
    );
    const [, cursor = ''] = /^ {2}--after (\S+)$/m.exec(stdout) ?? [];
    expect((await listed('--first', '2', '--after', cursor)).ids).toEqual(all.ids.slice(2, 4));
  });

  test('end with 0 where none is open', async () => {
    await startRecorder();
    expect(await debug(['incidents'])).toMatchObject({ code: 0, stdout: 'There are no such incidents.\n' });
  });

  test('say why there are none to show', async () => {
    const away = await debug(['incidents']);
    expect([away.code, away.stderr]).toEqual([2, expect.stringMatching(/recorder did not answer/)]);
    await startRecorder();
    const missing = await debug(['incident', 'aaaaaaaa-0000-4000-8000-000000000001']);
    expect([missing.code, missing.stderr]).toEqual([2, expect.stringMatching(/^There is no incident aaaaaaaa/)]);
    expect((await debug(['incidents', '--first', '1001'])).code).toBe(2);
    expect((await debug(['incidents', '--after', 'x'])).stderr).toMatch(/`after` is no cursor of incidents/);
    for (const option of ['--json', '--watch']) {
      const refused = await debug(['incident', 'aaaaaaaa-0000-4000-8000-000000000001', '-o', folder, option]);
      expect(refused).toMatchObject({ code: 2, stdout: '', stderr: expect.stringContaining(`leave ${option} out`) });
    }
    expect((await debug(['incident', 'x'])).code).toBe(2);
  });
});
