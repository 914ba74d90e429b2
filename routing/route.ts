/**
 * The answer to an entity fetch from the replicas. Each named one is sent its share, once, all at the same time, under
 * one deadline.
 * It answers with data and errors, whatever happens: an exception would cost the answers of all replicas.
 * It knows no gateway: anything with a request and a caller can stand before it.
 */
import DataLoader from 'dataloader';
import { type Clock, deadlineStop } from '../common/clock.ts';
import type { GraphqlBody } from '../server/graphql/question.ts';
import type { Logger } from '../server/log.ts';
import type { AskReplica } from './ask/askReplica.ts';
import type { RoutingContext } from './ask/routingContext.ts';
import {
  type Outcome,
  type ReplicaPlace,
  type Representation,
  type Share,
  type ShareAnswer,
  withoutAnswer,
} from './ask/share.ts';
import type { ReplicaDirectory } from './directory.ts';
import { type EntityRequest, makeReadEntityRequest } from './entityRequest.ts';
import { type Join, makeJoin, type RoutedAnswer } from './join.ts';
import { askAndFollow, type FollowOptions } from './moves.ts';
import type { Owners } from './owners.ts';
import { protocolFetch } from './protocol/protocolFetch.ts';
import type { Routing } from './routedTypes.ts';
import type { NotAsked } from './runtimeWatch.ts';
import { askedOfSeveral, splitRepresentations } from './split.ts';

interface RouterOptions {
  readonly routing: Routing;
  readonly directory: ReplicaDirectory;
  readonly ask: AskReplica;
  readonly owners: Owners;
  /** Says why nothing is asked, as every outcome does then. Undefined: replicas are asked, or it is not known before a look-up. */
  readonly notAsked: () => NotAsked | undefined;
  /** Says what the caller may ask. Left out: everything. */
  readonly check?: CheckAccess | undefined;
  readonly clock: Clock;
  readonly log: Logger;
}

type Refused = Pick<Outcome, 'status' | 'reason'>;

/**
 * Looks at each representation, in order. What is refused never comes near a replica, or the directory. Never rejects.
 * @returns for each: undefined, it may be asked about; else what to say in place of an answer
 */
export type CheckAccess = (
  representations: readonly Representation[],
  context: RoutingContext,
) => Promise<(Refused | undefined)[]>;

/** Never rejects. */
export type RouteEntities = (request: GraphqlBody, context: RoutingContext) => Promise<RoutedAnswer>;

export function makeRouteEntities(options: RouterOptions): RouteEntities {
  const read = makeReadEntityRequest(options.routing.schema);
  return async (request, context) => {
    try {
      return await route(options, request, read(request), context);
    } catch (error) {
      options.log.error({ requestId: context.requestId, err: error }, 'a fetch from the replicas failed');
      return failed('The replicas could not be asked.');
    }
  };
}

async function route(
  options: RouterOptions,
  request: GraphqlBody,
  entityRequest: EntityRequest | undefined,
  context: RoutingContext,
): Promise<RoutedAnswer> {
  const { check, directory, log, notAsked, routing } = options;
  const { requestId } = context;
  if (!entityRequest) return failed('Replicas answer about entities only.');
  const { representations } = entityRequest;
  const refusals = await check?.(representations, context);
  const join = makeJoin(routing, entityRequest, (err) =>
    log.error({ requestId, err }, 'an answer of a replica could not be read'),
  );
  for (const { status, reason, places } of alike(refusals ?? [])) {
    const refused = splitRepresentations(routing, representations, (place) => places.has(place));
    for (const share of refused) join.add(withoutAnswer(share, status, reason));
  }
  const shares = splitRepresentations(routing, representations, (place) => !refusals?.[place]);
  if (shares.length === 0) return join.whole();
  const unasked = notAsked();
  if (unasked?.isFound) directory.refresh();
  if (unasked) for (const share of shares) join.add(withoutAnswer(share, 'NOT_ASKED', unasked.reason));
  else await askAll(options, request, entityRequest, shares, context, join);
  return join.whole();
}

/** Groups places that are refused in the same words. A list can have thousands of them, and few reasons. */
function alike(refusals: readonly (Refused | undefined)[]) {
  const groups = new Map<string, Refused & { readonly places: Set<number> }>();
  for (const [place, refused] of refusals.entries()) {
    if (!refused) continue;
    const { status, reason } = refused;
    const words = `${status} ${reason}`;
    const group = groups.get(words) ?? { status, reason, places: new Set() };
    group.places.add(place);
    groups.set(words, group);
  }
  return groups.values();
}

async function askAll(
  options: RouterOptions,
  request: GraphqlBody,
  entityRequest: EntityRequest,
  shares: readonly Share[],
  context: RoutingContext,
  join: Join,
): Promise<void> {
  const { ask, clock, directory, log, owners, routing } = options;
  const deadline = deadlineStop(context.budget.leftMs(), context.signal);
  const { signal } = deadline;
  const begunMs = clock.monotonicMs();
  const protocol = protocolFetch(routing, entityRequest, context.caller);
  const lookUp = (ids: readonly string[]) => directory.lookUp(ids, signal);
  const following: FollowOptions = {
    ...{ routing, entityRequest, owners },
    ownerOf: ownerReader((representations) => owners.read(representations, context, signal)),
    isAskedOfSeveral: askedOfSeveral(routing, shares),
    ask: (share, where) => ask({ request, schema: routing.schema, protocol, context, signal }, share, where),
    lookUp: (id) => lookUp([id])[0] ?? Promise.resolve(UNREAD),
    lookUpAnew: (id) => directory.lookUpAnew(id, signal),
    elapsedMs: () => clock.monotonicMs() - begunMs,
  };
  const askAbout = async (share: Share, where: Promise<ReplicaPlace> | undefined): Promise<ShareAnswer[]> => {
    try {
      const found = (await where) ?? UNREAD;
      const unasked = options.notAsked(); // the first look-up tells
      if (unasked) return [withoutAnswer(share, 'NOT_ASKED', unasked.reason)];
      return await askAndFollow(following, share, found);
    } catch (err) {
      log.error({ requestId: context.requestId, replicaId: share.replicaId, err }, 'a replica could not be asked');
      return [withoutAnswer(share, 'UNREACHABLE', 'It could not be asked.')];
    }
  };
  try {
    const found = lookUp(shares.map(({ replicaId }) => replicaId));
    const joined = shares.map(async (share, s) => {
      for (const answer of await askAbout(share, found[s])) join.add(answer); // while others are on their way
    });
    await Promise.all(joined);
  } finally {
    deadline.clear();
  }
}

/** Reads once at a time. All who ask while a reading is under way share the next. */
function ownerReader(read: (representations: readonly Representation[]) => ReturnType<Owners['read']>) {
  let last: Promise<unknown> = Promise.resolve();
  const makeLoader = () =>
    new DataLoader(
      async (representations: readonly Representation[]) => {
        const reading = read(representations);
        last = reading;
        return (await reading) ?? representations.map(() => undefined);
      },
      { cache: false, batchScheduleFn: (go) => void last.then(go, go) },
    );
  let loader: ReturnType<typeof makeLoader> | undefined; // few fetches ever ask
  return (representation: Representation) => {
    loader ??= makeLoader();
    return loader.load(representation);
  };
}

const UNREAD: ReplicaPlace = { status: 'UNREACHABLE' };

const failed = (message: string): RoutedAnswer => ({
  data: null,
  errors: [{ message, extensions: { code: 'INTERNAL_SERVER_ERROR' } }],
});
