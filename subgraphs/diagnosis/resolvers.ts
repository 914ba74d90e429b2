/** The two fields of the diagnosis subgraph. The parent of both is what a gateway sent of a chat. */

import { diagnose, shouldReadAgain } from '../../domain/diagnosis/diagnose.ts';
import type { Diagnosis, DiagnosisSettings } from '../../domain/diagnosis/diagnosis.ts';
import { settle } from '../../domain/diagnosis/settle.ts';
import { readSnapshot, type Snapshot } from '../../domain/diagnosis/snapshot.ts';
import { clientError } from '../../server/graphql/errors.ts';
import { requireUuid, scalars } from '../../server/graphql/scalars.ts';
import { type Caller, mayReadAll, READ_ALL } from '../../server/tokens/internalToken.ts';

/** Which of the fields is asked for: they require different ones. */
export type DiagnosisField = 'diagnosis' | 'diagnosisEverywhere';

/**
 * Reads what a field requires of a chat once more.
 * @returns undefined when that cannot be done, or not in time
 */
export type Reread = (field: DiagnosisField, chatId: string) => Promise<Snapshot | undefined>;

/** What every resolver is handed. */
export interface DiagnosisContext {
  readonly caller: Caller;
  readonly settings: DiagnosisSettings;
  /** Undefined where nobody can read again. */
  readonly reread?: Reread | undefined;
}

async function diagnoseTwice(
  field: DiagnosisField,
  representation: unknown,
  { settings, reread }: DiagnosisContext,
): Promise<Diagnosis> {
  const everywhere = field === 'diagnosisEverywhere';
  const first = readSnapshot(representation);
  const diagnosis = diagnose(first, settings, { everywhere });
  if (!shouldReadAgain(diagnosis)) return diagnosis;
  if (!reread) return diagnose(first, settings, { everywhere, notRepeated: 'that cannot be done here' });
  const second = await reread(field, first.chatId);
  if (!second) return diagnose(first, settings, { everywhere, notRepeated: 'that failed' });
  return diagnose(settle(first, second), settings, { everywhere, first });
}

export const resolvers = {
  ...scalars,
  ChatDebugSnapshot: {
    __resolveReference: async (reference: { chatId: unknown }) => ({
      ...reference,
      chatId: requireUuid(reference.chatId),
    }),
    diagnosis: (chat: unknown, _args: unknown, context: DiagnosisContext) => diagnoseTwice('diagnosis', chat, context),
    diagnosisEverywhere: async (chat: unknown, _args: unknown, context: DiagnosisContext) => {
      if (!mayReadAll(context.caller)) throw clientError('FORBIDDEN', `This needs the role ${READ_ALL}.`);
      return diagnoseTwice('diagnosisEverywhere', chat, context);
    },
  },
};
