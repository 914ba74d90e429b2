/** `chat-debug incidents` and `incident`: what the recorder has noted of chats in trouble. */
import type { Bundle } from '../../domain/bundle/format.ts';
import { NoBundle, readBundle } from '../../domain/bundle/read.ts';
import type { BundleReason } from '../../domain/incidents/step.ts';
import { type Ask, NoAnswer } from './ask.ts';
import { list, one, stored } from './incidentsShape.ts';
import { incidentsText, incidentText } from './incidentsText.ts';
import { type Shown, withoutAnswer } from './shown.ts';

/** Incidents to list. */
export interface Wanted {
  readonly first: number;
  readonly chatId?: string | undefined;
  /** True: open ones only. */
  readonly open?: boolean | undefined;
}

/** @throws NoAnswer, also without a recorder */
export async function askIncidents(ask: Ask, { first, chatId, open }: Wanted): Promise<Shown> {
  const filter = { chatId: chatId ?? null, open: open ? true : null };
  const { data, raw, problems } = await ask('incidents', { first, filter }, list);
  const { edges, pageInfo } = data.incidents ?? withoutAnswer({ problems }, NO_RECORDER);
  const found = edges.map(({ node }) => node);
  return {
    ...{ json: raw, problems },
    code: found.some(({ closedAt }) => closedAt === null) ? 1 : 0,
    text: (page) => incidentsText(page, found, pageInfo.hasNextPage),
  };
}

/** @throws NoAnswer, also if there is no such incident */
export async function askIncident(ask: Ask, id: string): Promise<Shown> {
  const { data, raw, problems } = await ask('incident', { id }, one);
  const found = data.incident ?? withoutAnswer({ problems }, noSuchIncident(id));
  return {
    ...{ json: raw, problems },
    code: found.closedAt === null ? 1 : 0,
    text: (page) => incidentText(page, found),
  };
}

/** Bundle that an incident keeps. @throws NoAnswer, also if it keeps none of this reason */
export async function askStoredBundle(ask: Ask, id: string, why: BundleReason): Promise<Bundle> {
  const { raw, problems } = await ask('incident', { id, whole: true }, stored);
  const { bundles } = stored.parse(raw).incident ?? withoutAnswer({ problems }, noSuchIncident(id));
  const found = bundles.find((bundle) => bundle.why === why);
  if (!found) {
    const kept = bundles.map((bundle) => bundle.why).join(', ') || 'none';
    throw new NoAnswer(`The incident keeps no bundle ${why}. It keeps: ${kept}.`, false);
  }
  try {
    return readBundle(JSON.stringify(found.bundle));
  } catch (error) {
    throw error instanceof NoBundle ? new NoAnswer(`What the recorder keeps ${error.message}`, false) : error;
  }
}

const NO_RECORDER = 'The gateway has no recorder, so no incidents are kept: see RECORDER_URL.';
const noSuchIncident = (id: string) =>
  `There is no incident ${id}, it is not yours to read, or the gateway has no recorder: it does not tell them apart.`;
