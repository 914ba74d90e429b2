/** The database subgraph without a server. It opens connections when it is first asked. */
import { GraphQLError } from 'graphql';
import type { Registry } from 'prom-client';
import type { Clock } from '../../common/clock.ts';
import { contradictionInWords, releaseInWords } from '../../domain/coderRelease.ts';
import type { Subgraph } from '../../server/graphql/answering.ts';
import type { Logger } from '../../server/log.ts';
import { type Caller, mayReadAll } from '../../server/tokens/internalToken.ts';
import { readableBy } from './access.ts';
import { makeAskAtOnce } from './askedAtOnce.ts';
import { type ChatNotices, makeChatNotices } from './chatNotices.ts';
import { connectDatabase } from './client.ts';
import type { DatabaseContext } from './context.ts';
import { type Inquire, makeInquiry } from './inquiry.ts';
import { makeLoaders } from './loaders.ts';
import { makeReadingMetrics } from './metrics.ts';
import { type Platform, type PlatformSettings, platformOf } from './platform.ts';
import { PlatformMemory } from './platformMemory.ts';
import { tablesAreThere } from './questions/tablesAreThere.ts';
import { QuickWay } from './quickWay.ts';
import { inquiryMs, Reading } from './reading.ts';
import { ReplicaMemory } from './replicaMemory.ts';
import { resolvers } from './resolvers.ts';
import { catalogOf } from './tables/found.ts';
import type { Lack } from './tables/lacks.ts';
import { partlyReady, reasonsOf } from './tables/said.ts';
import { reasonOf } from './unavailable.ts';

/** Options. Thresholds that are left out are those of the platform that is found. */
export interface DatabaseOptions extends PlatformSettings {
  readonly databaseUrl: string;
  /** Milliseconds that one operation waits for the database. */
  readonly databaseTimeoutMs: number;
  /** URL of the primary to hear of changes from; undefined: nobody is told of changes. */
  readonly listenUrl?: string | undefined;
  readonly clock: Clock;
  readonly log: Logger;
}

interface Database {
  readonly subgraph: Subgraph<DatabaseContext>;
  /** Makes the context of one operation, which closes its reading with its answer. */
  newContext(caller: Caller, requestId: string): DatabaseContext;
  /** Reason why it cannot answer, without addresses; undefined: it can. */
  notReady(): Promise<string | undefined>;
  /** Platform, if it is not this project's, and what is not answered; undefined: nothing to say. */
  note(): string | undefined;
  /** Tells of changes of chats, if it can. */
  readonly follow: ChatNotices['follow'];
  /** Closes the connections and finishes nothing. Stop asking first. */
  close(): Promise<void>;
}

const SCHEMA_FILE = new URL('schema.graphql', import.meta.url);

/** @param registry receives the metrics */
export function openDatabase(options: DatabaseOptions, registry: Registry): Database {
  const { clock, log: processLog, databaseTimeoutMs: timeoutMs } = options;
  const { prisma, limitMs, close } = connectDatabase({ url: options.databaseUrl, timeoutMs, clock, log: processLog });
  const metrics = makeReadingMetrics(registry);
  const platforms = new PlatformMemory(options, { clock, log: processLog });
  const quickWay = new QuickWay({ prisma, platforms, limitMs, clock });
  const inquire = makeInquiry({
    ...{ url: options.databaseUrl, limitMs: inquiryMs(timeoutMs) },
    judge: (found) => platformOf(catalogOf(found), options),
  });
  const openReading = (log: Logger, mayKnowHolder: boolean, wholeMs = timeoutMs) =>
    new Reading({
      ...{ prisma, timeoutMs: wholeMs, clock, metrics, log, platforms, quickWay },
      inquire: discreet(inquire, mayKnowHolder, log),
    });
  const replicaMemory = new ReplicaMemory(clock);
  const notices = makeChatNotices({
    ...{ listenUrl: options.listenUrl, clock, log: processLog },
    hasChannelForEach: () => platforms.known && platforms.known.name === 'coder',
  });
  return {
    subgraph: { schemaFile: SCHEMA_FILE, resolvers, finish: closeReading },
    newContext: (caller, requestId) => {
      const log = processLog.child({ requestId });
      const reading = openReading(log, mayReadAll(caller)); // closed with the answer; nothing is opened before the first question
      const readable = readableBy(caller);
      const loaders = makeLoaders({ reading, readable, log });
      const askAtOnce = makeAskAtOnce(loaders, reading, caller, readable);
      return { caller, requestId, log, readable, reading, askAtOnce, loaders, replicaMemory };
    },
    notReady: () => {
      platforms.forget(); // whoever asks wants to know what is there now
      return whyNotReady(openReading(processLog, false, timeoutMs / 2)); // and waits no longer than for an answer
    },
    note: () => lines([platforms.known && noteOn(platforms.known), notices.note()]),
    follow: notices.follow,
    close: async () => void (await Promise.all([notices.close(), close()])),
  };
}

/** Names the holder of a table only to operators: in the log, or for a caller with the role. */
const discreet =
  (inquire: Inquire, mayKnowHolder: boolean, log: Logger): Inquire =>
  async () => {
    const findings = await inquire();
    if (!findings?.heldBy) return findings;
    log.warn(
      { tables: findings.waitsFor, heldBy: findings.heldBy },
      'a session keeps questions to the database waiting',
    );
    return mayKnowHolder ? findings : { ...findings, heldBy: null };
  };

/** Note on the platform as it was last found. */
function noteOn({ name, release, tables }: Platform): string | undefined {
  const whose = name === 'own' ? undefined : `The tables are those of the platform ${name}.`;
  const thresholds = release && [releaseInWords(release), contradictionInWords(release)];
  return lines([whose, ...(thresholds ?? []), partlyReady(tables.lacks)]);
}

/** Lines of those that are there; undefined: none. */
const lines = (all: readonly (string | undefined)[]): string | undefined =>
  all.filter((line) => line !== undefined).join('\n') || undefined;

/** Closes the reading behind the answer. After a time limit the end of the transaction may take a while. */
function closeReading({ reading }: DatabaseContext): [] {
  void reading.close();
  return [];
}

/** True for what keeps the service from being ready, and for all tables without a right: one `GRANT` mends them together. */
const isToldFirst = ({ isRequired, why, column }: Lack) => isRequired || (why === 'NO_RIGHT' && column === undefined);

async function whyNotReady(reading: Reading): Promise<string | undefined> {
  try {
    const { tables } = (await reading.moment()).platform;
    if (tables.lacks.some(({ isRequired }) => isRequired))
      return reasonsOf(tables.lacks.filter(isToldFirst)).join('\n');
    await reading.ask('tables', tablesAreThere);
    return undefined;
  } catch (error) {
    return error instanceof GraphQLError ? reasonOf(error) : 'The database cannot be read; the log says why.';
  } finally {
    void reading.close();
  }
}
