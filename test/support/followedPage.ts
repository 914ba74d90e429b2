/**
 * A page of the documentation, followed as its reader would: its code blocks run in their order, by these rules.
 * 1. Each `<name>` is replaced by the reader's value for it. One without a value is an error.
 * 2. The address 127.0.0.1:4000 is replaced by a free one, which PORT names to the gateway.
 *    DATABASE_TIMEOUT_MS and REPLICA_TIMEOUT_MS give a machine that runs other tests beside it more time.
 * 3. `npm ci` is left out: the checkout has its packages.
 * 4. `sql` runs as the owner of the tables.
 * 5. `sh` runs in one terminal. A block that ends with `npm run start:…` or a program of `examples/` has a terminal of its own
 *    and stays running.
 * 6. `graphql` is posted with the reader's token.
 */
import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import type pg from 'pg';

const ROOT = fileURLToPath(new URL('../../', import.meta.url));
const PAGE_ADDRESS = '127.0.0.1:4000';
const STAYS = /^(npm run start:\S+|node examples\/\S+)$/m;

interface Block {
  readonly language: string;
  readonly code: string;
}

/** The code blocks of a page, in their order. */
export function blocksOf(page: string): Block[] {
  const text = readFileSync(join(ROOT, page), 'utf8');
  return [...text.matchAll(/^```(\w*)\n([\s\S]*?)^```$/gm)].map(([, language = '', code = '']) => ({ language, code }));
}

export interface Ran {
  readonly code: number;
  readonly stdout: string;
  readonly stderr: string;
}

interface Reader {
  /** The reader's value for each placeholder. */
  readonly values: Readonly<Record<string, string>>;
  readonly port: number;
  /** The reader's home, and where the state of their terminal is kept. */
  readonly home: string;
  readonly pool: pg.Pool;
}

/** Stands for a reader who follows a page. */
export class Following {
  readonly #reader: Reader;
  readonly #running: ChildProcess[] = [];

  constructor(reader: Reader) {
    this.#reader = reader;
  }

  /** Runs one block to its end, unless it is one that stays. */
  async run({ language, code }: Block): Promise<Ran> {
    const filled = this.#fill(code);
    switch (language) {
      case 'sql':
        await this.#reader.pool.query(filled);
        return { code: 0, stdout: '', stderr: '' };
      case 'graphql':
        return this.#inTerminal(
          `curl -s "$CHAT_DEBUG_URL/graphql" -H "Authorization: Bearer $CHAT_DEBUG_TOKEN" -H 'content-type: application/json' --data-binary @- <<'END'\n${JSON.stringify({ query: filled })}\nEND\n`,
        );
      case 'sh':
        return STAYS.test(lastLine(filled)) ? this.#stay(filled) : this.#inTerminal(filled);
      default:
        throw new Error(`No rule says how to follow a block of ${language || 'no language'}`);
    }
  }

  /** Ctrl-C in every terminal where something stayed running. */
  async end(): Promise<void> {
    for (const child of this.#running) {
      if (child.exitCode !== null || child.pid === undefined) continue;
      const closed = once(child, 'close');
      process.kill(-child.pid, 'SIGINT'); // npm and what it runs
      await closed;
    }
  }

  #fill(code: string): string {
    const { values, port } = this.#reader;
    return code
      .replace(/<([a-z]+)>/g, (_, name: string) => {
        const value = values[name];
        if (value === undefined) throw new Error(`The page asks for <${name}>, and the reader has none`);
        return value;
      })
      .replaceAll(PAGE_ADDRESS, `127.0.0.1:${port}`)
      .replace(/^npm ci$/gm, '');
  }

  /** Runs a block in the one terminal: its exports are there for the next block. */
  async #inTerminal(code: string): Promise<Ran> {
    const state = join(this.#reader.home, 'terminal');
    const child = this.#spawn(`touch ${state}; . ${state}; trap 'export -p > ${state}' EXIT\n${code}`);
    const said = { stdout: '', stderr: '' };
    child.stdout?.on('data', (chunk) => (said.stdout += chunk));
    child.stderr?.on('data', (chunk) => (said.stderr += chunk));
    const [exit] = (await once(child, 'close')) as [number];
    return { code: exit, ...said };
  }

  /** Resolves once what stays says where it listens. @throws with what it said if it ends instead */
  async #stay(code: string): Promise<Ran> {
    const child = this.#spawn(code);
    this.#running.push(child);
    let said = '';
    await new Promise<void>((resolve, reject) => {
      const hear = (chunk: Buffer) => {
        said += chunk;
        if (said.includes(`:${this.#reader.port}`) || said.startsWith('ready')) resolve();
      };
      child.stdout?.on('data', hear);
      child.stderr?.on('data', hear);
      child.once('exit', (exit) => reject(new Error(`It ended with ${exit}: ${said}`)));
    });
    return { code: 0, stdout: said, stderr: '' };
  }

  #spawn(code: string): ChildProcess {
    const { home, port } = this.#reader;
    const { PATH = '' } = process.env;
    const settings = { PORT: String(port), DATABASE_TIMEOUT_MS: '20000', REPLICA_TIMEOUT_MS: '20000' };
    const env = { PATH, HOME: home, ...settings, npm_config_update_notifier: 'false' };
    return spawn('bash', ['-eu', '-c', code], { cwd: ROOT, env, detached: true, stdio: ['ignore', 'pipe', 'pipe'] });
  }
}

const lastLine = (code: string): string => code.trimEnd().split('\n').at(-1) ?? '';
