/** A real Alertmanager that tells a receiver of every alert by itself, where it is installed. */
import { type ChildProcess, spawn, spawnSync } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { systemClock } from '../../../../common/clock.ts';
import { freePort } from '../../../../local/ports.ts';
import { until } from '../../../support/until.ts';

export interface Alertmanager {
  readonly url: string;
  /** Alerts that it knows and that fire. */
  alerts(): Promise<KnownAlert[]>;
  stop(): Promise<void>;
}

interface KnownAlert {
  readonly labels: Readonly<Record<string, string>>;
  readonly annotations: Readonly<Record<string, string>>;
  readonly startsAt: string;
  readonly endsAt: string;
  readonly generatorURL?: string;
}

const found = spawnSync('sh', ['-c', 'command -v prometheus-alertmanager || command -v alertmanager'], {
  encoding: 'utf8',
}).stdout.trim();
export const isAlertmanagerInstalled = found !== '';

/** @param receiverUrl URL that it posts each alert to when it fires, and when it is resolved */
export async function startAlertmanager(receiverUrl: string): Promise<Alertmanager> {
  const folder = mkdtempSync(join(tmpdir(), 'chat-debug-alertmanager-'));
  const port = await freePort(systemClock);
  const config = join(folder, 'alertmanager.yml');
  const route = { receiver: 'test', group_by: ['...'], group_wait: '0s', group_interval: '1s', repeat_interval: '24h' };
  const receivers = [{ name: 'test', webhook_configs: [{ url: receiverUrl, send_resolved: true }] }];
  writeFileSync(config, JSON.stringify({ route, receivers })); // JSON is YAML
  const child = spawn(
    found,
    [
      ...[`--config.file=${config}`, `--storage.path=${folder}`, `--web.listen-address=127.0.0.1:${port}`],
      '--cluster.listen-address=',
    ],
    { stdio: 'ignore', cwd: folder },
  );
  const url = `http://127.0.0.1:${port}`;
  await until('Alertmanager is ready', async () => (await fetch(`${url}/-/ready`).catch(() => undefined))?.ok);
  return {
    url,
    alerts: async () => (await (await fetch(`${url}/api/v2/alerts`)).json()) as KnownAlert[],
    stop: () => stop(child, folder),
  };
}

async function stop(child: ChildProcess, folder: string): Promise<void> {
  if (child.exitCode === null && child.signalCode === null) {
    const exit = once(child, 'exit');
    child.kill('SIGKILL');
    await exit;
  }
  rmSync(folder, { recursive: true });
}
