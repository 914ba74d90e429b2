/** Questions of a fault test about a chat, and the time in which the fault must show. */
import { expect } from '@jest/globals';
import { systemClock } from '../../../common/clock.ts';
import type { FindingCode } from '../../../domain/diagnosis/rules.ts';
import { askGateway, callerToken } from '../../gateway/gateways.ts';
import { expectToldTheSame } from '../../support/mcpClient.ts';
import { until } from '../../support/until.ts';

export interface Finding {
  readonly code: FindingCode;
  readonly severity: 'INFO' | 'WARNING' | 'CRITICAL';
  readonly message: string;
}

interface Diagnosis {
  readonly verdict: string;
  readonly summary: string;
  readonly consistency: string;
  readonly findings: readonly Finding[];
}

/** Signs of a fault. */
export interface Expected {
  /** Seconds from the call until the fault can be known; a loaded machine takes longer. */
  readonly within: number;
  /** Every replica is asked. */
  readonly everywhere?: boolean;
  /** Finding that the chat had until then. */
  readonly after?: FindingCode;
}

/** Seconds that a loaded machine may take for what is immediate on an idle one. */
const SLACK_SECONDS = 25;
const LOOK_EVERY_MS = 100;

const FIELDS = 'verdict summary consistency findings { code severity message }';
const QUERY = `query ($ids: [UUID!]!) { chatDebugSnapshots(chatIds: $ids) { diagnosis { ${FIELDS} } } }`;
const EVERYWHERE = `query ($ids: [UUID!]!) { chatDebugSnapshots(chatIds: $ids) { diagnosis: diagnosisEverywhere { ${FIELDS} } } }`;
type Answer = { chatDebugSnapshots: ({ diagnosis: Diagnosis | null } | null)[] };

/**
 * Diagnoses in the order of the ids; undefined for missing chats.
 * @throws if the gateway could not say
 */
export async function diagnosesOf(
  gateway: { url: string },
  ids: readonly string[],
  { everywhere = false } = {},
): Promise<(Diagnosis | undefined)[]> {
  const { body } = await askGateway<Answer>(gateway, everywhere ? EVERYWHERE : QUERY, { variables: { ids } });
  if (!body.data?.chatDebugSnapshots) throw new Error(`No diagnosis: ${JSON.stringify(body.errors)}`);
  return body.data.chatDebugSnapshots.map((chat) => chat?.diagnosis ?? undefined);
}

/**
 * Looks at the chat until it has the finding, with this severity. Nothing else may be found to be CRITICAL, then or before.
 * @returns the diagnosis that has it
 */
export async function expectFinding(
  gateway: { url: string },
  chatId: string,
  code: FindingCode,
  severity: Finding['severity'],
  { within, everywhere = false, after }: Expected,
): Promise<Diagnosis> {
  const beganMs = systemClock.monotonicMs();
  const critical = (diagnosis: Diagnosis) =>
    diagnosis.findings.filter((finding) => finding.severity === 'CRITICAL').map((finding) => finding.code);
  return until('the finding is there, and no other that is critical', async () => {
    const [diagnosis] = await diagnosesOf(gateway, [chatId], { everywhere });
    if (!diagnosis) return missing();
    const others = critical(diagnosis).filter((found) => found !== code);
    if (diagnosis.findings.some((finding) => finding.code === code && finding.severity === severity)) {
      expect([code, others]).toEqual([code, []]);
      await expectToldTheSame(gateway, await callerToken(), { chatId, everywhere }, async () => {
        const [now] = await diagnosesOf(gateway, [chatId], { everywhere });
        return now ?? missing();
      });
      return diagnosis;
    }
    expect([code, others.filter((found) => found !== after)]).toEqual([code, []]);
    const seconds = (systemClock.monotonicMs() - beganMs) / 1000;
    if (seconds > within + SLACK_SECONDS) {
      throw new Error(`${severity} ${code} was not found in ${seconds} s, but ${JSON.stringify(diagnosis)}`);
    }
    await systemClock.sleep(LOOK_EVERY_MS);
    return undefined;
  });
}

function missing(): never {
  throw new Error('There is no such chat');
}

/** Looks at the chat until nothing of WARNING or worse is found any more. */
export async function expectWell(gateway: { url: string }, chatId: string): Promise<void> {
  await until('nothing is found but notes', async () => {
    const [diagnosis] = await diagnosesOf(gateway, [chatId]);
    return diagnosis?.findings.every(({ severity }) => severity === 'INFO');
  });
}
