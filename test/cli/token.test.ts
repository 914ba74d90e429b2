import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, expect, test } from '@jest/globals';
import { jwtVerify } from 'jose';
import { writeSystemFile } from '../../local/systemFile.ts';
import { runScript } from '../support/command.ts';

const AUTH_SECRET = 'environment'.padEnd(32, '.');
const sub = '3d7d4a51-8a0f-4f5e-9c33-6f1f5d8f3c11';
const token = (args: string[], environment: Record<string, string>) =>
  runScript('dist/cli/token.js', args, environment);
const verify = async (jwt: string, secret: string) =>
  (await jwtVerify(jwt, new TextEncoder().encode(secret), { algorithms: ['HS256'] })).payload;

describe('npm run token', () => {
  test('prints a token and nothing else: this user, these roles, good for an hour', async () => {
    const finished = await token(['--sub', sub, '--role', 'one', '--role', 'two'], { AUTH_SECRET });
    expect(finished).toMatchObject({ code: 0, stderr: '' });
    expect(finished.stdout).toMatch(/^[\w-]+\.[\w-]+\.[\w-]+\n$/);
    const { sub: user, roles, iat = 0, exp = 0 } = await verify(finished.stdout.trim(), AUTH_SECRET);
    expect({ user, roles, seconds: exp - iat }).toEqual({ user: sub, roles: ['one', 'two'], seconds: 3600 });
  });

  test('names the issuer and the audience that the gateway is told to ask for', async () => {
    const wanted = { AUTH_ISSUER: 'https://id.example', AUTH_AUDIENCE: 'chat-debug' };
    const { stdout } = await token(['--sub', sub], { AUTH_SECRET, ...wanted });
    expect(await verify(stdout.trim(), AUTH_SECRET)).toMatchObject({ iss: 'https://id.example', aud: 'chat-debug' });
  });

  test('takes the secret of the system that runs on DATA_DIR, unless the environment names one', async () => {
    const folder = mkdtempSync(join(tmpdir(), 'chat-debug-token-'));
    try {
      const authSecret = 'system'.padEnd(32, '.');
      const rest = { databaseUrl: '', gatewayUrl: '', internalSecret: '', token: '', ownerId: '' };
      writeSystemFile(folder, { authSecret, ...rest });
      const args = ['--sub', sub, '--expires', '5'];
      const ofSystem = await token(args, { DATA_DIR: folder });
      const { roles, iat = 0, exp = 0 } = await verify(ofSystem.stdout.trim(), authSecret);
      expect({ roles, seconds: exp - iat }).toEqual({ roles: [], seconds: 5 });
      const ofEnvironment = await token(args, { DATA_DIR: folder, AUTH_SECRET });
      expect(await verify(ofEnvironment.stdout.trim(), AUTH_SECRET)).toMatchObject({ sub });
    } finally {
      rmSync(folder, { recursive: true });
    }
  });

  test.each([
    [[], 2, "required option '--sub <uuid>' not specified"],
    [['--sub', ''], 2, 'It must not be empty.'],
    [['--sub', sub, '--expires', '-1'], 2, 'It must be a whole number of seconds, from 1.'],
    [['--sub', sub, 'more'], 2, 'too many arguments'],
    [['--sub', sub], 1, 'Run `npm start` in another terminal, or set AUTH_SECRET.'],
  ])('%j without a system ends with %i and a sentence', async (args, code, sentence) => {
    const finished = await token(args, { DATA_DIR: '/nonexistent' });
    expect(finished).toMatchObject({ code, stdout: '' });
    expect(finished.stderr).toContain(sentence);
  });
});
