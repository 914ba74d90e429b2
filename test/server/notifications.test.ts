import { afterEach, expect, test } from '@jest/globals';
import { systemClock } from '../../common/clock.ts';
import { makeLogger } from '../../server/log.ts';
import { listen, type Notifications } from '../../server/notifications.ts';
import { databasePerFile } from '../support/database.ts';
import { manualClock } from '../support/manualClock.ts';
import { type PostgresProxy, startPostgresProxy } from '../support/postgresProxy.ts';
import { until } from '../support/until.ts';

const database = databasePerFile();
const opened: { proxy: PostgresProxy; notifications: Notifications }[] = [];
afterEach(async () => {
  for (const { proxy, notifications } of opened.splice(0)) {
    proxy.thaw();
    await notifications.stop();
    await proxy.close();
  }
});

async function listenBehindProxy() {
  const proxy = await startPostgresProxy(database.url);
  const clock = manualClock();
  const heard: string[] = [];
  let [connections, losses] = [0, 0];
  const notifications = listen({
    databaseUrl: proxy.url,
    name: 'test notifications',
    channels: ['chat_update'],
    onNotification: (_channel, payload) => heard.push(payload),
    onConnected: () => {
      connections += 1;
    },
    onLost: () => {
      losses += 1;
    },
    clock,
    log: makeLogger('test', 'silent'),
  });
  opened.push({ proxy, notifications });
  await until('it is connected', () => connections === 1);
  const send = (payload: string) => database.pool.query(`SELECT pg_notify('chat_update', $1)`, [payload]);
  return { proxy, clock, heard, send, notifications, connections: () => connections, losses: () => losses };
}

test('a connection that is half open is noticed by asking it, and made again', async () => {
  const { proxy, clock, heard, send, connections } = await listenBehindProxy();
  await send('before');
  await until('it hears what is sent before', () => heard.includes('before'));
  proxy.freeze({ newOnes: false }); // nothing says that the connection is dead: it only never says anything again
  await until('it connects again', () => {
    clock.advance(10_000); // the next check, and after it the pause before the next connection
    return connections() >= 2;
  });
  await send('after');
  await until('it hears what is sent after', () => heard.includes('after'));
  expect(heard).toEqual(['before', 'after']);
});

test('listening ends at once though nothing comes back on the connection', async () => {
  const { proxy, notifications } = await listenBehindProxy();
  proxy.freeze();
  const beganMs = systemClock.monotonicMs();
  await notifications.stop();
  expect(systemClock.monotonicMs() - beganMs).toBeLessThan(1_000);
}, 10_000);

test('a connection that breaks is made again', async () => {
  const { proxy, clock, heard, send, connections, losses } = await listenBehindProxy();
  proxy.cut();
  await until('it says that nothing can be heard', () => losses() === 1);
  await until('it connects again', () => {
    clock.advance(1_000);
    return connections() >= 2;
  });
  await send('after');
  await until('it hears what is sent after', () => heard.includes('after'));
  expect(heard).toEqual(['after']);
});

test('other channels are taken at once, also on the next connection', async () => {
  const { proxy, clock, heard, notifications, connections } = await listenBehindProxy();
  const sendOn = (channel: string, payload: string) =>
    database.pool.query('SELECT pg_notify($1, $2)', [channel, payload]);
  notifications.setChannels(['a:1', 'a:2']);
  await until('it hears the new channel', async () => {
    await sendOn('a:1', 'one');
    return heard.includes('one');
  });
  await sendOn('chat_update', 'no longer');
  proxy.cut();
  await until('it connects again', () => {
    clock.advance(1_000);
    return connections() >= 2;
  });
  await sendOn('a:2', 'two');
  await until('it hears the other channel', () => heard.includes('two'));
  expect(heard).not.toContain('no longer');
});
