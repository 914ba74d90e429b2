/** `chat-debug incidents` and `incident`: what the recorder has noted of chats in trouble. */
import type { Bundle } from '../../domain/bundle/format.ts';
import { NoBundle, readBundle } from '../../domain/bundle/read.ts';
import type { BundleReason } from '../../domain/incidents/step.ts';
import { type Ask, NoAnswer, type Problem } from './ask.ts';
import { incidentList, one, type PageInfo, rawList, type ShownIncident, stored } from './incidentsShape.ts';
import { incidentsText, incidentText } from './incidentsText.ts';
import { type Shown, withoutAnswer } from './shown.ts';

/** Incidents in one question, as many as the gateway answers. */
const PAGE_SIZE = 100;

/** Incidents to list. */
export interface Wanted {
  readonly first: number;
  /** Place to go on from: an `endCursor`. */
  readonly after?: string | undefined;
  readonly chatId?: string | undefined;
  /** True: open ones only. */
  readonly open?: boolean | undefined;
}

/**
 * Lists incidents, page by page.
 * `--json` gets the shape of one page of `incidents` with all these edges.
 * @throws NoAnswer, also without a recorder
 */
export async function askIncidents(ask: Ask, { first, after, chatId, open }: Wanted): Promise<Shown> {
  const filter = { chatId: chatId ?? null, open: open ? true : null };
  const found: ShownIncident[] = [];
  const edges: unknown[] = [];
  const problems: Problem[] = [];
  let next: PageInfo = { hasNextPage: true, endCursor: after ?? null };
  while (next.hasNextPage && found.length < first) {
    const size = Math.min(PAGE_SIZE, first - found.length);
    const page = await ask('incidents', { first: size, after: next.endCursor, filter }, incidentList);
    const incidents = page.data.incidents ?? withoutAnswer(page, NO_RECORDER);
    found.push(...incidents.edges.map(({ node }) => node));
    edges.push(...rawList.parse(page.raw).incidents.edges);
    problems.push(...page.problems);
    next = incidents.pageInfo;
  }
  return {
    ...{ json: { incidents: { edges, pageInfo: next } }, problems },
    code: found.some(({ closedAt }) => closedAt === null) ? 1 : 0,
    text: (page) => incidentsText(page, found, next),
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
  const place = bundles.findIndex((bundle) => bundle.why === why);
  const found = bundles[place];
  if (!found) {
    const kept = bundles.map((bundle) => bundle.why).join(', ') || 'none';
    throw new NoAnswer(`The incident keeps no bundle ${why}. It keeps: ${kept}.`, false);
  }
  if (found.bundle === null)
    withoutAnswer({ problems: problems.filter(({ path }) => path?.[2] === place) }, UNREADABLE);
  try {
    return readBundle(JSON.stringify(found.bundle));
  } catch (error) {
    throw error instanceof NoBundle ? new NoAnswer(`What the recorder keeps ${error.message}`, false) : error;
  }
}

const UNREADABLE = 'The gateway answers no bundle, and does not say why.';
const NO_RECORDER = 'The gateway has no recorder, so no incidents are kept: see RECORDER_URL.';
const noSuchIncident = (id: string) =>
  `There is no incident ${id}, it is not yours to read, or the gateway has no recorder: it does not tell them apart.`;
