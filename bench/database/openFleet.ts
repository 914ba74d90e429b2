/** A fleet of chats in a database of its own, with a subgraph that reads it. */
import pg from 'pg';
import { applyMigrations } from '../../prisma/migrations.ts';
import type { Fleet } from './lists.ts';
import { startSubgraph } from './subgraph.ts';

export interface OpenFleet extends Fleet {
  /** A subgraph with new connections. */
  restart(): Promise<void>;
  stop(): Promise<void>;
}

/** Makes the tables in an empty database. Whoever opens it stops it. */
export async function openFleet(url: string): Promise<OpenFleet> {
  const pool = new pg.Pool({ connectionString: url });
  pool.on('error', () => {}); // the pool is closed a moment before its connections, and then the server ends them
  const client = await pool.connect();
  await applyMigrations(client);
  client.release();
  await pool.query('CREATE EXTENSION IF NOT EXISTS pg_stat_statements');
  let subgraph = await startSubgraph(url);
  return {
    pool,
    get subgraph() {
      return subgraph;
    },
    restart: async () => {
      await subgraph.stop();
      subgraph = await startSubgraph(url);
    },
    stop: () => subgraph.stop().then(() => pool.end()),
  };
}
