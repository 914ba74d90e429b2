/** A pooler that refuses the settings of connections for a while, as one does until somebody configures it. */
import { expect, test } from '@jest/globals';
import { pino } from 'pino';
import { systemClock } from '../../../common/clock.ts';
import { databasePerFile } from '../../support/database.ts';
import { readMetrics } from '../../support/metrics.ts';
import { startTcpProxy } from '../../support/tcpProxy.ts';
import { until } from '../../support/until.ts';
import { insertChat } from './support/rows.ts';
import { asking, start } from './support/subgraph.ts';

const database = databasePerFile();

/** Message of the Postgres protocol by which a pooler refuses a connection. */
function refusal(): Buffer {
  const fields = Buffer.from('SFATAL\0VFATAL\0C08P01\0Munsupported startup parameter: options\0\0');
  const length = Buffer.alloc(4);
  length.writeUInt32BE(fields.length + 4);
  return Buffer.concat([Buffer.from('E'), length, fields]);
}

test('it is logged once, and settings are tried again after a minute', async () => {
  let refuses = true;
  let refused = 0;
  const pooler = await startTcpProxy({
    target: () => database.url,
    passing: ({ client, server }) => ({
      toServer: (chunk) => {
        if (!refuses || !chunk.includes('options\0-c ')) return chunk;
        refused += 1;
        client.end(refusal());
        server.destroy();
        return undefined;
      },
      toClient: (chunk) => chunk,
    }),
  });
  const lines: string[] = [];
  const log = pino({ level: 'warn' }, { write: (line: string) => void lines.push(line) });
  let aheadMs = 0;
  const clock = { ...systemClock, monotonicMs: () => systemClock.monotonicMs() + aheadMs };
  const url = new URL(database.url);
  url.port = String(pooler.port);
  const server = await start({ databaseUrl: url.href, clock, log });
  try {
    const ask = asking(() => server.url);
    const query = `{ chatDebugSnapshot(chatId: "${await insertChat(database.pool)}") { database { status } } }`;
    const quick = async () =>
      (await readMetrics(server)).get('chat_debug_quick_readings_total{result="answered"}') ?? 0;
    const askTimes = async (times: number) => {
      for (let time = 0; time < times; time += 1) expect((await ask(query)).errors).toEqual([]);
    };
    await askTimes(2);
    aheadMs += 61_000;
    pooler.cut();
    await until('settings are refused again', async () => (await ask(query)) && refused > 1);
    refuses = false;
    await askTimes(2);
    expect(await quick()).toBe(0);
    aheadMs += 61_000;
    pooler.cut();
    await until('a connection began with settings', async () => (await ask(query)) && (await quick()) > 0);
    expect(lines.filter((line) => line.includes('a pooler refuses the settings'))).toHaveLength(1);
  } finally {
    await server.stop();
    await pooler.close();
  }
});
