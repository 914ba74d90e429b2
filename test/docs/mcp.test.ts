/** The table of tools in `docs/mcp.md`, held against the tools that are served. */
import { readFileSync } from 'node:fs';
import { expect, test } from '@jest/globals';
import { OPERATE } from '../../domain/actions/rights.ts';
import { toolsFor } from '../../gateway/mcp/server.ts';

const page = readFileSync(new URL('../../docs/mcp.md', import.meta.url), 'utf8');

test('the page of assistants lists every tool, in the order in which clients see them', () => {
  const [, table = ''] = page.split('<!-- tools:');
  const listed = [...(table.split('\n\n')[0]?.matchAll(/^\| `(\w+)` \|/gm) ?? [])].map(([, name]) => name);
  const served = toolsFor({ caller: { sub: 'a-person', roles: [OPERATE] }, hasOperator: true });
  expect(listed).toEqual(served.map(({ name }) => name));
});

test('every tool says whether it changes anything, and describes each of its parameters', () => {
  for (const { name, input, acts } of toolsFor({ caller: { sub: 'a', roles: [OPERATE] }, hasOperator: true })) {
    expect([name, acts === true]).toEqual([name, name === 'act']);
    for (const [parameter, shape] of Object.entries(input.shape)) {
      expect([name, parameter, shape.description]).toEqual([name, parameter, expect.any(String)]);
    }
  }
});
