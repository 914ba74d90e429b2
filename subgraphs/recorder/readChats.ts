/** Questions of a round: which chats look like trouble, and what the diagnosis says of them. */
import * as z from 'zod';
import { SEVERITIES, VERDICTS } from '../../domain/diagnosis/diagnosis.ts';
import { type FindingCode, RULES } from '../../domain/diagnosis/rules.ts';
import type { Reading } from '../../domain/incidents/reading.ts';
import { DOES_NOT_KNOW_ALL } from '../../domain/reachabilityReasons.ts';
import { DEFAULT_THRESHOLDS } from '../../domain/thresholds.ts';
import { NoAnswer } from '../../server/processGateway.ts';
import type { Ask } from './gateway.ts';
import { goneOf } from './gone.ts';
import type { UnknownTimes } from './unknownTimes.ts';

const SUSPECTS_AT_ONCE = 100;
/** Chats of one question at most. Fewer are asked where that costs more than the gateway allows. */
const CHATS_AT_ONCE = 50;

const suspects = z.object({
  chats: z.object({
    edges: z.array(z.object({ node: z.object({ chatId: z.string() }) })),
    pageInfo: z.object({ hasNextPage: z.boolean(), endCursor: z.string().nullable() }),
  }),
});

/** Ids of all chats that look like trouble, oldest trouble first. @throws NoAnswer */
export async function listSuspects(ask: Ask): Promise<string[]> {
  const found: string[] = [];
  let after: string | null = null;
  for (;;) {
    const { data } = await ask('suspects', { first: SUSPECTS_AT_ONCE, after });
    const { edges, pageInfo }: z.output<typeof suspects>['chats'] = asAsked(suspects, data).chats;
    found.push(...edges.map(({ node }) => node.chatId));
    if (!pageInfo.hasNextPage || pageInfo.endCursor === null) return found;
    after = pageInfo.endCursor;
  }
}

const CODES = RULES.map(({ code }) => code) as [FindingCode, ...FindingCode[]];

const chat = z.object({
  chatId: z.guid(),
  executionState: z.string(),
  database: z.object({
    archived: z.boolean(),
    ownerId: z.guid().nullish().catch(null),
    workerId: z.guid().nullish().catch(null),
    lastError: z.object({ retryable: z.boolean().nullish() }).nullish().catch(null),
    trouble: z
      .object({ thresholds: z.object({ staleAfterSeconds: z.number() }) })
      .nullish()
      .catch(null),
  }),
  diagnosisEverywhere: z.object({
    verdict: z.enum(VERDICTS),
    summary: z.string(),
    findings: z.array(
      z.object({
        ...{ code: z.enum(CODES), severity: z.enum(SEVERITIES) },
        evidence: z.array(z.object({ field: z.string(), value: z.string() })),
      }),
    ),
  }),
});
const chats = z.object({ chatDebugSnapshots: z.array(z.unknown()) });

/**
 * What is known of a chat after a question. Null: it does not exist any more. Chats are missing that were not answered,
 * or that a server without them may not have yet.
 */
type Read = ReadonlyMap<string, Reading | null>;

/** Chats read, page by page, each as small as its cost demands. */
export async function* readChats(ask: Ask, ids: readonly string[], unknown: UnknownTimes): AsyncGenerator<Read> {
  let size = CHATS_AT_ONCE;
  for (let from = 0; from < ids.length; ) {
    const page = ids.slice(from, from + size);
    try {
      yield await readPage(ask, page, unknown);
      from += page.length;
    } catch (error) {
      if (!(error instanceof NoAnswer) || error.code !== 'QUERY_TOO_COMPLEX' || size === 1) throw error;
      size = Math.floor(size / 2);
    }
  }
}

async function readPage(ask: Ask, ids: readonly string[], unknown: UnknownTimes): Promise<Read> {
  const { data, problems } = await ask('chats', { chats: ids });
  const found = asAsked(chats, data).chatDebugSnapshots;
  const refused = new Set(problems.map(({ path: [, place] }) => place));
  const gone = await goneOf(
    ask,
    ids.filter((_, place) => found[place] === null && !refused.has(place)),
  );
  const entries = ids.flatMap((id, place): [string, Reading | null][] => {
    const one = found[place];
    if (gone.has(id)) return [[id, null]];
    const read = chat.safeParse(one);
    return read.success ? [[id, readingOf(read.data, unknown)]] : [];
  });
  return new Map(entries);
}

function readingOf(
  { chatId, executionState, database, diagnosisEverywhere: said }: Chat,
  unknown: UnknownTimes,
): Reading {
  return {
    ...{ chatId, executionState, isArchived: database.archived },
    ...{ ownerId: database.ownerId ?? null, workerId: database.workerId ?? null },
    isRetryable: database.lastError?.retryable ?? null,
    ...{ verdict: said.verdict, summary: said.summary },
    findings: said.findings.map(({ code, severity }) => ({ code, severity })),
    isRefusedByVersion: said.findings.some(saysRefusedByVersion),
    unknownSeconds: unknown.note(chatId, said.verdict),
    staleAfterSeconds: database.trouble?.thresholds.staleAfterSeconds ?? DEFAULT_THRESHOLDS.staleAfterSeconds,
  };
}
type Chat = z.output<typeof chat>;

/** The finding on an owner that cannot be asked has the outcome of asking it among its evidence. */
const saysRefusedByVersion = ({ code, evidence }: Chat['diagnosisEverywhere']['findings'][number]) =>
  code === 'OWNER_UNREACHABLE' &&
  evidence.some(({ field, value }) => field.endsWith('.reachability.reason') && value.endsWith(DOES_NOT_KNOW_ALL));

/** @throws NoAnswer if the data have another shape than was asked for */
function asAsked<T>(shape: z.ZodType<T>, data: unknown): T {
  const parsed = shape.safeParse(data);
  if (parsed.success) return parsed.data;
  throw new NoAnswer('BAD_ANSWER');
}
