/** A Postgres server for tests, which may lose what is written to it when the machine crashes. */
import pg from 'pg';
import { applyMigrations } from '../../prisma/migrations.ts';
import { type PostgresServer, startPostgresServer } from './postgresServer.ts';

const SETTINGS = { fsync: 'off', synchronous_commit: 'off', full_page_writes: 'off', max_connections: '300' };

/** With a migrated `template_chats` in it. @param packageName npm package of a server of another version */
export async function startMigratedServer(packageName?: string): Promise<PostgresServer> {
  const server = await startPostgresServer({ settings: SETTINGS, ...(packageName && { packageName }) });
  const admin = new pg.Client(server.url);
  await admin.connect();
  await admin.query('CREATE DATABASE template_chats');
  await admin.end();
  const template = new pg.Client(server.url.replace(/postgres$/, 'template_chats'));
  await template.connect();
  await applyMigrations(template);
  await template.end();
  return server;
}
