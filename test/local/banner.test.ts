import { execFileSync } from 'node:child_process';
import { describe, expect, test } from '@jest/globals';
import { parse } from 'graphql';
import { banner } from '../../local/banner.ts';
import { signCallerToken } from '../../local/callerToken.ts';

const now = new Date('2026-01-01T12:00:00Z');
const token = await signCallerToken('s'.repeat(32), { sub: 'somebody', roles: [], lifetimeSeconds: 86_400 }, now);
const rest = { databaseUrl: '', authSecret: '', internalSecret: '', ownerId: '' };
const show = (dataDir?: string) => banner({ gatewayUrl: 'http://127.0.0.1:4000', token, ...rest }, dataDir);

/**
 * Arguments that a program called `name` gets when a shell runs the lines of `script`, each on a line, after DATA_DIR.
 */
function pasted(script: string, name: string): string[] {
  const stand = `${name}() { printf '%s\\n' "$DATA_DIR" "$@"; }`;
  return execFileSync('sh', ['-c', `${stand}\n${script}`], { env: {}, encoding: 'utf8' })
    .trimEnd()
    .split('\n');
}

describe('what is printed once the system is up', () => {
  test('says where it is, and until when the token is good', () => {
    expect(show()).toContain('GraphiQL   http://127.0.0.1:4000/graphiql\n');
    expect(show()).toContain('Console    http://127.0.0.1:4000/\n             (asks for the token)');
    expect(show()).toContain('good until 2026-01-02');
  });

  test('has a link that signs in, and says how to get another one', () => {
    const link = 'http://127.0.0.1:4000/#code=a-code';
    const system = { gatewayUrl: 'http://127.0.0.1:4000', token, ...rest };
    expect(banner(system, undefined, link)).toContain(`Console    ${link}\n`);
    const [command = ''] = /DATA_DIR=.*npm run token .*(?=\))/.exec(banner(system, '/tmp/data', link)) ?? [];
    expect(pasted(command, 'npm')).toEqual(['/tmp/data', 'run', 'token', '--', '--link']);
  });

  test.each([undefined, '/tmp/data', "a folder that is the operator's"])(
    'with DATA_DIR %p has a command that makes a chat when it is pasted into a shell',
    (dataDir) => {
      const [command = ''] = /^.*npm run chat .*$/m.exec(show(dataDir)) ?? [];
      const made = ['run', 'chat', '--', 'create', '/slow 60 tell me a story'];
      expect(pasted(command, 'npm')).toEqual([dataDir ?? '', ...made]);
    },
  );

  test('has a curl that sends a query when it is pasted into a shell', () => {
    const [command = ''] = /^curl [\s\S]*?\n\n/m.exec(show()) ?? [];
    const args = pasted(command, 'curl');
    expect(args).toContain('http://127.0.0.1:4000/graphql');
    expect(args).toContain(`authorization: Bearer ${token}`);
    const { query } = JSON.parse(args.at(-1) ?? '') as { query: string };
    expect(() => parse(query)).not.toThrow();
  });

  test('has a query with one thing to fill in', () => {
    const [query = ''] = /^\{[\s\S]*?^\}$/m.exec(show()) ?? [];
    expect(query.match(/CHAT_ID/g)).toHaveLength(1);
    expect(() => parse(query)).not.toThrow();
  });
});
