/** The resolvers of the diagnosis subgraph's two fields. Their parent is a gateway's representation of a chat. */

import { diagnose, shouldReadAgain } from '../../domain/diagnosis/diagnose.ts';
import type { Diagnosis, DiagnosisSettings } from '../../domain/diagnosis/diagnosis.ts';
import { settle } from '../../domain/diagnosis/settle.ts';
import { readSnapshot, type Snapshot } from '../../domain/diagnosis/snapshot.ts';
import { NOT_REPEATED } from '../../domain/diagnosis/summary.ts';
import { requireReadAll } from '../../server/graphql/rights.ts';
import { requireUuid, scalars } from '../../server/graphql/scalars.ts';
import type { Caller } from '../../server/tokens/internalToken.ts';

/** Field that is asked for; the two require different selections. */
export type DiagnosisField = 'diagnosis' | 'diagnosisEverywhere';

/**
 * Reads what a field requires of a chat once more.
 * @returns undefined if that cannot be done, or not in time
 */
export type Reread = (field: DiagnosisField, chatId: string) => Promise<Snapshot | undefined>;

/** Context of every resolver. */
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
): Promise<Diagnosis & { readonly secondReading?: Snapshot }> {
  const everywhere = field === 'diagnosisEverywhere';
  const first = readSnapshot(representation);
  const diagnosis = diagnose(first, settings, { everywhere });
  if (!shouldReadAgain(diagnosis)) return diagnosis;
  if (!reread) return diagnose(first, settings, { everywhere, notRepeated: NOT_REPEATED.notHere });
  const second = await reread(field, first.chatId);
  if (!second) return diagnose(first, settings, { everywhere, notRepeated: NOT_REPEATED.failed });
  const secondReading = settle(first, second);
  return { ...diagnose(secondReading, settings, { everywhere, first }), secondReading };
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
      requireReadAll(context.caller);
      return diagnoseTwice('diagnosisEverywhere', chat, context);
    },
  },
};
