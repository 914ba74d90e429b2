// Generates the Prisma client on any machine, unless the existing one is younger than the schema.
// Every command of Prisma's CLI first looks for its native schema engine, and downloads a missing one, though
// `generate` never starts it.
// The file only has to exist, so the variable names another file, for this command alone.
// `npx prisma migrate …` is unchanged, and uses the native engine.
import { execFileSync } from 'node:child_process';
import { statSync } from 'node:fs';
import { createRequire } from 'node:module';
import { fileURLToPath } from 'node:url';

const root = fileURLToPath(new URL('..', import.meta.url));
const changedAt = (file) => statSync(`${root}${file}`, { throwIfNoEntry: false })?.mtimeMs ?? 0;

if (changedAt('prisma/generated/client.ts') <= changedAt('prisma/schema.prisma')) {
  const prisma = createRequire(import.meta.url).resolve('prisma/build/index.js');
  const engine = process.env.PRISMA_SCHEMA_ENGINE_BINARY || process.execPath;
  execFileSync(process.execPath, [prisma, 'generate', '--no-hints'], {
    cwd: root,
    env: { ...process.env, PRISMA_SCHEMA_ENGINE_BINARY: engine, PRISMA_HIDE_UPDATE_MESSAGE: '1' },
    stdio: ['ignore', 'ignore', 'inherit'],
  });
}
