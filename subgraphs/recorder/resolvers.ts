/** Resolvers of incidents. */

import { parseUuid } from '../../common/uuid.ts';
import type { Bundle } from '../../domain/bundle/format.ts';
import { forOwner } from '../../domain/bundle/ofCaller.ts';
import { NoBundle, readBundle } from '../../domain/bundle/read.ts';
import { clientError } from '../../server/graphql/errors.ts';
import { listPlaces } from '../../server/graphql/listPlaces.ts';
import { pageSize } from '../../server/graphql/pageSize.ts';
import { JSON as JsonScalar, requireUuid, scalars } from '../../server/graphql/scalars.ts';
import { storableTexts } from '../../server/graphql/storable.ts';
import { mayReadAll } from '../../server/tokens/internalToken.ts';
import { readableSummary } from './access.ts';
import type { RecorderContext } from './context.ts';
import { type BundleRow, bundleText, type IncidentRow, listIncidents } from './questions.ts';

const MOST_BUNDLES = 3;
const places = listPlaces('incident', 'incidents');

interface ListArguments {
  readonly filter?: {
    readonly open?: boolean | null;
    readonly chatId?: string | null;
    readonly code?: readonly string[] | null;
  } | null;
  readonly first?: number | null;
  readonly after?: string | null;
}

async function list({ filter, first, after }: ListArguments, { readers, owner }: RecorderContext) {
  const size = pageSize(first);
  const rows = await listIncidents(readers, {
    ...{ owner, open: filter?.open ?? null, chatId: filter?.chatId ?? null },
    codes: filter?.code ? storableTexts(filter.code) : null,
    ...{ after: after == null ? null : places.decode(after), limit: size + 1 },
  });
  const edges = rows
    .slice(0, size)
    .map((node) => ({ node, cursor: places.encode({ at: node.openedAtText, id: node.id }) }));
  return {
    edges,
    pageInfo: {
      ...{ hasNextPage: rows.length > size, hasPreviousPage: after != null },
      ...{ startCursor: edges[0]?.cursor ?? null, endCursor: edges.at(-1)?.cursor ?? null },
    },
  };
}

/** Incident by its id, as a client gave it. One that is no id names none. */
async function byId(given: unknown, { incident }: RecorderContext): Promise<IncidentRow | null> {
  const id = parseUuid(given);
  return id === undefined ? null : incident.load(id);
}

/** Reads a bundle. A caller without the role gets what concerns its own chat alone. */
async function read({ id }: BundleRow, context: RecorderContext) {
  context.bundlesRead += 1;
  if (context.bundlesRead > MOST_BUNDLES) {
    throw clientError('BAD_USER_INPUT', `At most ${MOST_BUNDLES} bundles are answered in one request. Ask for fewer.`);
  }
  const text = await bundleText(context.readers, id);
  if (text === undefined) throw clientError('NOT_FOUND', 'A newer bundle has taken the place of this one. Ask again.');
  const bundle = readable(text);
  return mayReadAll(context.caller) ? bundle : forOwner(bundle);
}

/** @throws GraphQLError `VALUE_UNREADABLE`, which costs the incident nothing but this bundle */
function readable(text: string): Bundle {
  try {
    return readBundle(text);
  } catch (error) {
    if (!(error instanceof NoBundle)) throw error;
    throw clientError('VALUE_UNREADABLE', `This bundle cannot be read: what is stored ${error.message}`);
  }
}

export const resolvers = {
  ...{ ...scalars, JSON: JsonScalar },
  Query: {
    incidents: (_: unknown, given: ListArguments, context: RecorderContext) => list(given, context),
    incident: (_: unknown, { id }: { id: string }, context: RecorderContext) => byId(id, context),
  },
  ChatDebugSnapshot: {
    __resolveReference: async ({ chatId }: { chatId: unknown }) => ({ chatId: requireUuid(chatId) }),
    incidents: (chat: { chatId: string }, { first }: { first?: number | null }, { ofChat }: RecorderContext) =>
      ofChat.load({ chatId: chat.chatId, first: pageSize(first) }),
  },
  Incident: {
    __resolveReference: async ({ id }: { id: unknown }, context: RecorderContext) => byId(id, context),
    summary: (row: IncidentRow, _: unknown, { caller }: RecorderContext) => readableSummary(caller, row),
    bundles: ({ id }: IncidentRow, _: unknown, { bundles }: RecorderContext) => bundles.load(id),
  },
  BundleRef: {
    bundle: (ref: BundleRow, _: unknown, context: RecorderContext) => read(ref, context),
  },
};
