/** Each boundary of the tree is a lint rule, and each rule refuses the import that it is there for. */

import { spawnSync } from 'node:child_process';
import { cpSync, mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { afterAll, beforeAll, expect, test } from '@jest/globals';
import * as z from 'zod';

const BIOME = join(import.meta.dirname, '../../node_modules/@biomejs/biome/bin/biome');
const ROOT = join(import.meta.dirname, '../..');

const ARROW = 'lint/style/noRestrictedImports';
const importing = (from: string) => `import { a } from '${from}';\nexport const b = a;\n`;

/** A file, what it holds, and the rule that refuses it. */
const REFUSED: readonly (readonly [file: string, text: string, rule: string])[] = [
  ['common/a.ts', importing('../server/log.ts'), ARROW],
  ['domain/a.ts', importing('../server/log.ts'), ARROW],
  ['domain/diagnosis/a.ts', importing('../../common/clock.ts'), ARROW],
  ['domain/b.ts', importing('node:fs'), ARROW],
  ['server/a.ts', importing('../routing/replicas.ts'), ARROW],
  ['routing/a.ts', importing('../gateway/served.ts'), ARROW],
  ['routing/ask/a.ts', importing('../../subgraphs/database/open.ts'), ARROW],
  ['routing/ask/b.ts', importing('../split.ts'), ARROW],
  ['routing/transport/a.ts', importing('../ask/share.ts'), ARROW],
  ['routing/transport/b.ts', importing('../split.ts'), ARROW],
  ['subgraphs/database/a.ts', importing('../runtime/inspector.ts'), ARROW],
  ['subgraphs/diagnosis/a.ts', importing('../database/open.ts'), ARROW],
  ['subgraphs/recorder/a.ts', importing('../database/open.ts'), ARROW],
  ['subgraphs/router/a.ts', importing('../../gateway/served.ts'), ARROW],
  ['subgraphs/runtime/a.ts', importing('./chatd/worker.ts'), ARROW],
  ['subgraphs/runtime/chatd/a.ts', importing('../../database/open.ts'), ARROW],
  ['gateway/a.ts', importing('../subgraphs/database/open.ts'), ARROW],
  ['gateway/main.ts', importing('../subgraphs/runtime/replica.ts'), ARROW],
  ['gateway/http/a.ts', importing('../served.ts'), ARROW],
  ['gateway/mcp/a.ts', importing('../served.ts'), ARROW],
  ['gateway/mcp/b.ts', importing('../http/graphiql.ts'), ARROW],
  ['sdk/rules.ts', importing('../common/json.ts'), ARROW],
  ['sdk/task.ts', importing('../server/log.ts'), ARROW],
  ['sdk/serve/a.ts', importing('../../routing/replicas.ts'), ARROW],
  ['gateway/queries/a.ts', importing('../http/graphiql.ts'), ARROW],
  ['gateway/queries/c.ts', importing('../mcp/ask.ts'), ARROW],
  ['gateway/supergraph/b.ts', importing('../mcp/ask.ts'), ARROW],
  ['gateway/execution/d.ts', importing('../mcp/ask.ts'), ARROW],
  ['gateway/supergraph/a.ts', importing('../queries/prepare.ts'), ARROW],
  ['gateway/execution/a.ts', importing('../queries/answer.ts'), ARROW],
  ['gateway/execution/b.ts', importing('../supergraph/file.ts'), ARROW],
  ['gateway/execution/c.ts', importing('../../subgraphs/database/open.ts'), ARROW],
  ['cli/a.ts', importing('../gateway/served.ts'), ARROW],
  ['local/a.ts', importing('../gateway/main.ts'), ARROW],
  ['console/a.ts', importing('../gateway/served.ts'), ARROW],
  ['console/pages/a.tsx', importing('../../common/json.ts'), ARROW],
  ['console/data/a.ts', importing('node:fs'), ARROW],
  ['console/data/b.ts', 'export const b = Date.now();\n', 'plugin'],
  ['server/b.ts', importing('../test/support/postgres.ts'), ARROW],
  ['common/b.ts', importing('a-package-that-is-not-declared'), 'lint/correctness/noUndeclaredDependencies'],
  ['common/c.ts', "import { d } from './d.ts';\nexport const c = d;\n", 'lint/suspicious/noImportCycles'],
  ['common/d.ts', "import { c } from './c.ts';\nexport const d = c;\n", 'lint/suspicious/noImportCycles'],
  ['common/e.ts', "import type { F } from './f.ts';\nexport type E = F[];\n", 'lint/suspicious/noImportCycles'],
  ['common/f.ts', "import type { E } from './e.ts';\nexport type F = E[];\n", 'lint/suspicious/noImportCycles'],
  ['routing/b.ts', 'export const b = Date.now();\n', 'plugin'],
  ['routing/c.ts', 'export const b = process.env.A;\n', 'plugin'],
  ['domain/c.ts', "import { z } from 'zod';\nexport const b = z;\n", 'plugin'],
];

/** Imports of the tree that every rule allows. */
const ALLOWED: readonly (readonly [file: string, text: string])[] = [
  ['gateway/http/b.ts', importing('../queries/answer.ts')],
  ['gateway/queries/b.ts', importing('../../common/json.ts')],
  ['gateway/config.ts', importing('../subgraphs/database/platformSettings.ts')],
  ['subgraphs/router/b.ts', importing('../../routing/replicas.ts')],
  ['subgraphs/runtime/replica.ts', importing('./chatd/worker.ts')],
  ['routing/d.ts', importing('../domain/executionState.ts')],
  ['console/data/c.ts', importing('../../domain/stateMachine.ts')],
  ['routing/ask/d.ts', importing('../transport/status.ts')],
];

/** The part of Biome's report that is read here. */
const report = z.object({
  diagnostics: z.array(z.object({ category: z.string(), location: z.object({ path: z.string() }) })),
});

let folder: string;
let refusals: ReadonlyMap<string, readonly { readonly category: string }[]>;

beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), 'boundaries-'));
  for (const name of ['biome.json', 'package.json', 'lint'])
    cpSync(join(ROOT, name), join(folder, name), { recursive: true });
  for (const [file, text] of [...REFUSED, ...ALLOWED]) {
    mkdirSync(dirname(join(folder, file)), { recursive: true });
    writeFileSync(join(folder, file), text);
  }
  const options = ['--vcs-enabled=false', '--reporter=json', '--max-diagnostics=none'];
  const { stdout } = spawnSync(BIOME, ['lint', ...options, '.'], { cwd: folder, encoding: 'utf8' });
  const { diagnostics } = report.parse(JSON.parse(stdout));
  refusals = new Map(
    diagnostics.map(({ location: { path } }) => [path, diagnostics.filter(({ location }) => location.path === path)]),
  );
});

afterAll(() => rmSync(folder, { recursive: true, force: true }));

test.each(REFUSED)('%s is refused', (file, _text, rule) => {
  expect(refusals.get(file)?.map(({ category }) => category)).toContain(rule);
});

test.each(ALLOWED)('%s is let pass', (file) => {
  expect(refusals.get(file)).toBeUndefined();
});
