/**
 * Second readings for a diagnosis, asked through the gateway itself and as the same caller, so that the same rules
 * hold.
 * The operation asks for no diagnosis, so it never comes back here. It shares the request's time for replicas.
 */
import DataLoader from 'dataloader';
import * as z from 'zod';
import { readSnapshot, type Snapshot } from '../../domain/diagnosis/snapshot.ts';
import type { RoutingContext } from '../../routing/ask/routingContext.ts';
import type { Logger } from '../../server/log.ts';
import { requiredFields } from '../../subgraphs/diagnosis/requiredFields.ts';
import type { DiagnosisField } from '../../subgraphs/diagnosis/resolvers.ts';
import type { MakeReread } from '../execution/diagnosisSubgraph.ts';
import type { Queries } from './answer.ts';

/** Number of chats that `chatDebugSnapshots` takes. */
const MOST_AT_ONCE = 100;

const answer = z.object({ chats: z.array(z.unknown()) });

const questionAbout = (field: DiagnosisField) =>
  `query Again($chatIds: [UUID!]!) { chats: chatDebugSnapshots(chatIds: $chatIds) { chatId ${requiredFields(field)} } }`;
const QUESTIONS = { diagnosis: questionAbout('diagnosis'), diagnosisEverywhere: questionAbout('diagnosisEverywhere') };

/** Makes second readings for one fetch: chats that are read again at the same time are read together. */
export function makeRereads(ask: Queries['ask'], log: Logger): MakeReread {
  const read = async (context: RoutingContext, field: DiagnosisField, chatIds: readonly string[]) => {
    const message = 'chats could not be read a second time';
    const { requestId } = context;
    try {
      const { data, errors } = (await ask(QUESTIONS[field], { chatIds }, context)).body;
      const found = answer.safeParse(data);
      if (found.success) return chatIds.map((_, i) => snapshotIn(found.data.chats[i]));
      const codes = [...new Set(errors?.map(({ extensions }) => extensions?.code))];
      log.warn({ requestId, codes }, message);
    } catch (err) {
      log.error({ err, requestId }, message);
    }
    return chatIds.map(() => undefined);
  };

  return (context) => {
    const loader = (field: DiagnosisField) =>
      new DataLoader<string, Snapshot | undefined>((chatIds) => read(context, field, chatIds), {
        maxBatchSize: MOST_AT_ONCE,
      });
    const loaders = { diagnosis: loader('diagnosis'), diagnosisEverywhere: loader('diagnosisEverywhere') };
    return (field, chatId) => loaders[field].load(chatId);
  };
}

/** Snapshot in an answer. A chat that no longer exists is as good as one that could not be read. */
const snapshotIn = (value: unknown): Snapshot | undefined =>
  typeof value === 'object' && value !== null ? readSnapshot(value) : undefined;
