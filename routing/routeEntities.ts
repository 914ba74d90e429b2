/**
 * Answers a fetch of entities from the replicas: each one that the list names is sent its share, once, all at the same time,
 * and one deadline holds for everything. It answers with data and errors, whatever happens: one exception out of here would
 * cost the answers of all replicas. It knows of no gateway: anything that has a request and a caller can stand before it.
 */
import DataLoader from 'dataloader';
import type { GraphQLFormattedError } from 'graphql';
import { type Clock, deadlineStop } from '../common/clock.ts';
import type { Logger } from '../server/log.ts';
import type { AskReplica } from './ask/askReplica.ts';
import { type EntityRequest, type Representation, readEntityRequest, type SubgraphRequest } from './entityRequest.ts';
import { type Answered, askedOfSeveral, type Share, type ShareAnswer, splitRepresentations } from './entityRouting.ts';
import { askAndFollow, type Following } from './followMoves.ts';
import { type Joined, joinShare, putTogether } from './joinAnswers.ts';
import type { Owners } from './owners.ts';
import type { Found, ReplicaDirectory } from './replicaDirectory.ts';
import type { Routing } from './routedTypes.ts';
import type { RoutingContext } from './routingContext.ts';
import type { NotAsked } from './runtimeWatch.ts';

export interface RouterOptions {
  readonly routing: Routing;
  readonly directory: ReplicaDirectory;
  readonly ask: AskReplica;
  readonly owners: Owners;
  /** Why nothing is asked, which every outcome says; undefined: replicas are asked, or it is not known before a look-up. */
  readonly notAsked: () => NotAsked | undefined;
  readonly clock: Clock;
  readonly log: Logger;
}

export interface RoutedAnswer {
  /** Null: this was no fetch of entities; one error says so. */
  readonly data: { readonly _entities: readonly Readonly<Record<string, unknown>>[] } | null;
  readonly errors: readonly GraphQLFormattedError[];
}

/** Never rejects. */
export type RouteEntities = (request: SubgraphRequest, context: RoutingContext) => Promise<RoutedAnswer>;

export function makeRouteEntities(options: RouterOptions): RouteEntities {
  return async (request, context) => {
    try {
      return await route(options, request, context);
    } catch (error) {
      options.log.error({ requestId: context.requestId, err: error }, 'a fetch from the replicas failed');
      return failed('The replicas could not be asked.');
    }
  };
}

async function route(options: RouterOptions, request: SubgraphRequest, context: RoutingContext): Promise<RoutedAnswer> {
  const { directory, log, notAsked, routing } = options;
  const entityRequest = readEntityRequest(routing.schema, request);
  if (!entityRequest) return failed('Replicas answer about entities only.');
  const shares = splitRepresentations(routing, entityRequest.representations);
  const unasked = notAsked();
  if (unasked?.isFound) directory.refresh();
  const joined = unasked
    ? shares.map((share) => joinShare(routing, entityRequest, { share, answer: answerOf(unasked) }))
    : await askAll(options, request, entityRequest, shares, context);
  const { failures, ...answer } = putTogether(entityRequest, joined);
  for (const err of failures)
    log.error({ requestId: context.requestId, err }, 'an answer of a replica could not be read');
  return answer;
}

async function askAll(
  options: RouterOptions,
  request: SubgraphRequest,
  entityRequest: EntityRequest,
  shares: readonly Share[],
  context: RoutingContext,
): Promise<Joined[]> {
  const { ask, clock, directory, log, owners, routing } = options;
  const deadline = deadlineStop(context.budget.leftMs(), context.signal);
  const { signal } = deadline;
  const begunMs = clock.monotonicMs();
  const lookUp = (ids: readonly string[]) => directory.lookUp(ids, signal);
  const following: Following = {
    ...{ routing, entityRequest, owners },
    ownerOf: ownerReader((representations) => owners.read(representations, context, signal)),
    isAskedOfSeveral: askedOfSeveral(routing, shares),
    ask: (share, where) => ask({ request, schema: routing.schema, context, signal }, share, where),
    lookUp: (id) => lookUp([id])[0] ?? Promise.resolve(UNREAD),
    lookUpAnew: (id) => directory.lookUpAnew(id, signal),
    elapsedMs: () => clock.monotonicMs() - begunMs,
  };
  try {
    const found = lookUp(shares.map(({ replicaId }) => replicaId));
    const askAbout = async (share: Share, where: Promise<Found> | undefined): Promise<Answered[]> => {
      try {
        const found = (await where) ?? UNREAD;
        const unasked = options.notAsked(); // the first look-up tells
        if (unasked) return [{ share, answer: answerOf(unasked) }];
        return await askAndFollow(following, share, found);
      } catch (err) {
        log.error({ requestId: context.requestId, replicaId: share.replicaId, err }, 'a replica could not be asked');
        return [{ share, answer: COULD_NOT_BE_ASKED }];
      }
    };
    const joined = shares.map(async (share, s) => {
      const answered = await askAbout(share, found[s]);
      return answered.map((one) => joinShare(routing, entityRequest, one)); // while others are on their way
    });
    return (await Promise.all(joined)).flat();
  } finally {
    deadline.clear();
  }
}

/** One reading at a time: whoever asks while one is under way shares the next. */
function ownerReader(read: (representations: readonly Representation[]) => ReturnType<Owners['read']>) {
  let last: Promise<unknown> = Promise.resolve();
  const makeLoader = () =>
    new DataLoader(
      (representations: readonly Representation[]) => {
        const reading = read(representations);
        last = reading;
        return reading;
      },
      { cache: false, batchScheduleFn: (go) => void last.then(go) },
    );
  let loader: ReturnType<typeof makeLoader> | undefined; // few fetches ever ask
  return (representation: Representation) => {
    loader ??= makeLoader();
    return loader.load(representation);
  };
}

const UNREAD: Found = { kind: 'unread' };

const COULD_NOT_BE_ASKED: ShareAnswer = {
  kind: 'unanswered',
  outcome: { status: 'UNREACHABLE', elapsedMs: 0, address: null, reason: 'It could not be asked.' },
};

const answerOf = ({ reason }: NotAsked): ShareAnswer => ({
  kind: 'unanswered',
  outcome: { status: 'NOT_ASKED', elapsedMs: 0, address: null, reason },
});

const failed = (message: string): RoutedAnswer => ({
  data: null,
  errors: [{ message, extensions: { code: 'INTERNAL_SERVER_ERROR' } }],
});
