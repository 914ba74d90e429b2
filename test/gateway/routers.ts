/** The router by itself, over HTTP servers that play replicas. */
import { readFileSync } from 'node:fs';
import { afterEach } from '@jest/globals';
import { buildSchema } from 'graphql';
import { systemClock } from '../../common/clock.ts';
import { makeAddressPolicy, makeGuardedConnector } from '../../routing/ask/addressPolicy.ts';
import { type AskOptions, makeAskReplica } from '../../routing/ask/askReplica.ts';
import { makeEarlierVersions } from '../../routing/ask/earlierVersions.ts';
import { MAX_REPLICA_ANSWER_BYTES } from '../../routing/ask/replicaAnswer.ts';
import { makeReplicaGuards } from '../../routing/ask/replicaGuard.ts';
import { makeBudget, type RoutingContext } from '../../routing/ask/routingContext.ts';
import { makeSpokenLanguages, type RuntimeProtocol } from '../../routing/ask/spoken.ts';
import { makeReplicaDirectory, type ReplicaDirectory, type ReplicaRow } from '../../routing/directory.ts';
import type { Owners } from '../../routing/owners.ts';
import { type CheckAccess, makeRouteEntities } from '../../routing/route.ts';
import { type Routing, readRouting } from '../../routing/routedTypes.ts';
import { makeRuntimeWatch } from '../../routing/runtimeWatch.ts';
import { makeDispatcher } from '../../routing/transport/overHttp.ts';
import { makeLogger } from '../../server/log.ts';
import { READ_ALL } from '../../server/tokens/internalToken.ts';
import { INTERNAL_SECRET as internalSecret, LOOPBACK } from './gateways.ts';
import { sendJson, serversPerTest, type TestServer } from './httpServers.ts';

const supergraph = readFileSync(new URL('../../gateway/supergraph.graphql', import.meta.url), 'utf8');
const routing = readRouting(buildSchema(supergraph, { assumeValid: true })).get('runtime') as Routing;
const silent = makeLogger('test', 'silent');
export const A = 'aaaaaaaa-0000-4000-8000-000000000001';
export const B = 'bbbbbbbb-0000-4000-8000-000000000002';
export const C = 'cccccccc-0000-4000-8000-000000000003';
export const chatId = (n: number) => `cccccccc-0000-4000-8000-${String(n).padStart(12, '0')}`;

export const QUERY = `query Fetch__runtime__1($representations: [_Any!]!, $first: Int) {
  _entities(representations: $representations) {
    ... on ChatRuntime { reachability { status elapsedMs address reason } localWorkerId workerIdMatchesLocal runners { runnerId } }
    ... on ReplicaRuntime { reachability { status } runners(first: $first) { runnerId } }
  }
}`;

export interface Entity {
  reachability: { status: string; elapsedMs: number; address: string | null; reason: string | null };
  [key: string]: unknown;
}

export interface RouterTestOptions {
  rows?: Record<string, Partial<ReplicaRow>>;
  timeoutMs?: number;
  hedgeMs?: number;
  addressAllow?: string[];
  isDisabled?: boolean;
  /** Platform by setting. */
  platform?: string;
  /** Platform as the database subgraph reports it with the rows. */
  found?: string;
  /** Language of the replicas by setting; left out: GraphQL. */
  protocol?: RuntimeProtocol;
  /** Shared key of workers. */
  runtimeKey?: string;
  roles?: string[];
  signal?: AbortSignal;
  load?: () => Promise<ReplicaRow[]>;
  directory?: ReplicaDirectory;
  owners?: Partial<Owners>;
  check?: CheckAccess;
  log?: typeof silent;
  onAsked?: AskOptions['onAsked'];
}

/** Nothing is known of any owner. */
const OWNERS: Owners = {
  read: async (representations) => representations.map(() => undefined),
  isOfAnother: (_, fieldOf) => fieldOf('workerIdMatchesLocal') === false,
  fieldsOfMove: (to) => ({ localWorkerId: to, workerIdMatchesLocal: false }),
};

/** Call at the top of a test file. What is started is closed after each test. */
export function routersPerTest() {
  const servers = serversPerTest();
  const dispatchers: ReturnType<typeof makeDispatcher>[] = [];
  afterEach(async () => {
    await Promise.all(dispatchers.splice(0).map((dispatcher) => dispatcher.destroy()));
  });

  /** The router over replicas in `rows`, and a caller's context. */
  function router(options: RouterTestOptions) {
    const { rows = {}, timeoutMs = 20_000, hedgeMs, roles = [READ_ALL], addressAllow = LOOPBACK } = options;
    const dispatcher = makeDispatcher(
      makeGuardedConnector(makeAddressPolicy(addressAllow), timeoutMs),
      MAX_REPLICA_ANSWER_BYTES,
    );
    dispatchers.push(dispatcher);
    const load =
      options.load ??
      (async () => {
        watch.found(options.found);
        return Object.entries(rows).map(([id, row]) => ({ id, relayAddress: '', stoppedAt: null, ...row }));
      });
    const { log = silent, onAsked, isDisabled = false, platform, check } = options;
    const clock = systemClock;
    const watch = makeRuntimeWatch({ isDisabled, platform, log });
    const directory = options.directory ?? makeReplicaDirectory({ load, clock, log });
    const guards = makeReplicaGuards(clock);
    const ask = makeAskReplica({
      directory,
      guards,
      earlierVersions: makeEarlierVersions(clock),
      languages: makeSpokenLanguages(options.protocol ?? 'graphql', clock),
      runtimeKey: options.runtimeKey,
      dispatcher,
      internalSecret,
      timeoutMs,
      hedgeMs,
      onAsked,
      clock,
      log,
    });
    const owners = { ...OWNERS, ...options.owners };
    const { notAsked } = watch;
    const route = makeRouteEntities({ routing, directory, ask, owners, notAsked, check, clock, log });
    const newContext = (): RoutingContext => ({
      requestId: 'a request',
      caller: { sub: 'somebody', roles },
      signal: options.signal ?? new AbortController().signal,
      budget: makeBudget(timeoutMs, clock),
      asked: [],
    });
    return { route, newContext, guards };
  }

  /** Asks for chats at replicas: `[[1, A], [2, B]]`. */
  function asker(options: RouterTestOptions) {
    const { route, newContext } = router(options);
    return async (chats: [number, string][], changes: Partial<RoutingContext> = {}) => {
      const context = { ...newContext(), ...changes };
      const representations = chats.map(([n, workerId]) => ({
        __typename: 'ChatRuntime',
        chatId: chatId(n),
        workerId,
      }));
      const variables = { representations, first: 5, more: { kept: [1] } };
      const request = { query: QUERY, variables, operationName: 'Fetch__runtime__1' };
      const answer = await route(request, context);
      return {
        entities: answer.data?._entities as unknown as Entity[],
        asked: context.asked,
        errors: answer.errors.map(({ message, path, extensions }) => ({
          message,
          path,
          ...(extensions as { code: string; workerId: string; chatIds: string[] }),
        })),
      };
    };
  }

  /** A replica that holds one runner for each chat, named like the chat. */
  const answering = (): Promise<TestServer> =>
    servers.serve((response, { body }) => {
      const asked = body.variables.representations as { chatId: string; workerId: string }[];
      const _entities = asked.map((chat) => ({
        reachability: { status: 'OK', elapsedMs: 99_999, address: 'http://of.its.own', reason: 'its own' },
        localWorkerId: chat.workerId,
        workerIdMatchesLocal: true,
        runners: [{ runnerId: chat.chatId }],
      }));
      sendJson(response, 200, { data: { _entities } });
    });

  return { servers, router, asker, answering };
}

export const statuses = (entities: Entity[]) => entities.map(({ reachability }) => reachability.status);
