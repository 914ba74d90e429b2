/** Actions of a field test on a running system: it makes chats, asks the gateway, and uses the terminal. */
import { randomUUID } from 'node:crypto';
import type pg from 'pg';
import { systemClock } from '../../../common/clock.ts';
import { textContent } from '../../../domain/messages.ts';
import { signCallerToken } from '../../../local/callerToken.ts';
import type { SystemFile } from '../../../local/systemFile.ts';
import { ChatStore } from '../../../subgraphs/runtime/chatd/chatStore.ts';
import { askGateway, type GraphqlError } from '../../gateway/gateways.ts';
import { type Finished, runScript } from '../../support/command.ts';
import { expectToldTheSame } from '../../support/mcpClient.ts';
import { DIAGNOSED_FIELDS, type Diagnosed, type DiagnosedNode, diagnosedOf } from './diagnosed.ts';
import { eventually } from './eventually.ts';

const TOKEN_SECONDS = 3_600;

/** A running system, and the connections of the test to its database. */
export type FieldSystem = Pick<SystemFile, 'gatewayUrl' | 'databaseUrl' | 'authSecret' | 'internalSecret' | 'token'> & {
  readonly pool: pg.Pool;
};

export interface Asked<Data> {
  readonly status: number;
  readonly data: Data | undefined;
  readonly errors: readonly GraphqlError[];
}

export class Field {
  readonly #system: () => FieldSystem;

  constructor(system: () => FieldSystem) {
    this.#system = system;
  }

  get system(): FieldSystem {
    return this.#system();
  }

  get pool(): pg.Pool {
    return this.system.pool;
  }

  get store(): ChatStore {
    return new ChatStore(this.pool);
  }

  /** @returns the id of a new chat, whose owner is nobody else's */
  async create(text: string, { ownerId = randomUUID(), parentId }: { ownerId?: string; parentId?: string } = {}) {
    const { id } = await this.store.create({ ownerId, text, ...(parentId ? { parentId } : {}) });
    return id;
  }

  /** @returns the id of a new chat whose turn has ended, and which its owner has given up */
  async createAtRest(text = 'hello', options: { ownerId?: string; parentId?: string } = {}): Promise<string> {
    const id = await this.create(text, options);
    const look = async () =>
      (
        await this.pool.query<{ status: string; worker_id: string | null }>(
          'SELECT status::text, worker_id FROM chats WHERE id = $1',
          [id],
        )
      ).rows[0];
    await eventually('the turn ends', look, (row) => row?.status === 'waiting' && row.worker_id === null);
    return id;
  }

  async send(id: string, text: string): Promise<void> {
    await this.store.apply(id, { name: 'send', message: { content: textContent(text), createdBy: randomUUID() } });
  }

  /** One column of a chat's row, as text. */
  async column(id: string, name: string): Promise<string | null> {
    const { rows } = await this.pool.query<{ value: string | null }>(
      `SELECT ${name}::text AS value FROM chats WHERE id = $1`,
      [id],
    );
    return rows[0]?.value ?? null;
  }

  /** A token of that user without any role. */
  async tokenOf(sub: string): Promise<string> {
    const claims = { sub, roles: [], lifetimeSeconds: TOKEN_SECONDS };
    return signCallerToken(this.system.authSecret, claims, systemClock.now());
  }

  /** Asks the gateway, with the token that may read everything unless another is given. */
  async ask<Data>(query: string, variables: object = {}, token = this.system.token): Promise<Asked<Data>> {
    const { gatewayUrl: url } = this.system;
    const { status, body } = await askGateway<Data>({ url }, query, { variables, token });
    return { status, data: body.data, errors: body.errors ?? [] };
  }

  /** One chat, with the selected fields. @throws without it */
  async chat<Chat>(id: string, selection: string): Promise<Chat> {
    const query = `query ($id: UUID!) { chatDebugSnapshot(chatId: $id) { ${selection} } }`;
    const { data, errors } = await this.ask<{ chatDebugSnapshot: Chat | null }>(query, { id });
    if (!data?.chatDebugSnapshot) throw new Error(`No chat ${id}: ${JSON.stringify(errors)}`);
    return data.chatDebugSnapshot;
  }

  /** The diagnosis at this moment, as GraphQL tells it. */
  async look(id: string): Promise<Diagnosed> {
    return diagnosedOf(await this.chat<DiagnosedNode>(id, DIAGNOSED_FIELDS));
  }

  /** The diagnosis, which an assistant is told, too. */
  diagnose(id: string): Promise<Diagnosed> {
    return this.diagnosed(id, 'there is a diagnosis', () => true);
  }

  /** Waits for a diagnosis without an error: the first one of a system takes longest, and may come too late on a busy machine. */
  async firstAnswer(id: string): Promise<void> {
    const query = `query ($id: UUID!) { chatDebugSnapshot(chatId: $id) { ${DIAGNOSED_FIELDS} } }`;
    await eventually(
      'a diagnosis comes in time',
      () => this.ask(query, { id }),
      ({ errors }) => errors.length === 0,
    );
  }

  /**
   * Waits for a diagnosis, and holds what an assistant is told against it.
   * @param what the diagnosis that is waited for, as a clause
   */
  async diagnosed(id: string, what: string, fits: (seen: Diagnosed) => boolean, limitMs?: number): Promise<Diagnosed> {
    const seen = await eventually(what, () => this.look(id), fits, limitMs);
    const { gatewayUrl: url, token } = this.system;
    await expectToldTheSame({ url }, token, { chatId: id }, () => this.look(id));
    return seen;
  }

  /** Waits until that finding is made. */
  found(id: string, code: string, limitMs?: number): Promise<Diagnosed> {
    return this.diagnosed(id, `${code} is found`, ({ severities }) => code in severities, limitMs);
  }

  /** The ids of all suspects among the chats of the test, at most 100. */
  async suspects(): Promise<string[]> {
    const query = '{ chats(filter: { suspect: true }, first: 100) { edges { node { chatId } } } }';
    const { data, errors } = await this.ask<{ chats: { edges: { node: { chatId: string } }[] } }>(query);
    if (!data?.chats) throw new Error(`No list: ${JSON.stringify(errors)}`);
    return data.chats.edges.map(({ node }) => node.chatId);
  }

  /** The ids of the replicas that are alive. */
  async aliveReplicas(): Promise<string[]> {
    const { data } = await this.ask<{ replicas: { id: string }[] }>('{ replicas(alive: true) { id } }');
    return data?.replicas.map(({ id }) => id) ?? [];
  }

  /** `npm run chat-debug --`, in a terminal of its own. */
  chatDebug(...args: string[]): Promise<Finished> {
    return runScript('dist/cli/chatDebug.js', args, this.#environment());
  }

  /** `npm run chat --`, in a terminal of its own. */
  chatCommand(...args: string[]): Promise<Finished> {
    return runScript('dist/cli/chat.js', args, this.#environment());
  }

  #environment(): Record<string, string> {
    const { gatewayUrl, token, databaseUrl, internalSecret } = this.system;
    return {
      ...{ CHAT_DEBUG_URL: gatewayUrl, CHAT_DEBUG_TOKEN: token },
      ...{ DATABASE_URL: databaseUrl, INTERNAL_SECRET: internalSecret, DATA_DIR: '/nonexistent' },
    };
  }
}
