// Read by the `prisma` command only. The URL is needed by commands that reach a database, not by `generate`.
import { defineConfig } from 'prisma/config';
import { readEnvironment } from './server/settings/config.ts';

const { DATABASE_URL } = readEnvironment(['DATABASE_URL']);

export default defineConfig({
  schema: 'prisma/schema.prisma',
  migrations: { path: 'prisma/migrations' },
  ...(DATABASE_URL ? { datasource: { url: DATABASE_URL } } : {}),
});
