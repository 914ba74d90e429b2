/** `chat-debug fix`, `drain`, `undrain` and `actions`: steps taken through the gateway, and their records. */
import { randomUUID } from 'node:crypto';
import type { z } from 'zod';
import type { Clock } from '../../common/clock.ts';
import { type ActionName, mutationOf, shortName } from '../../domain/actions/names.ts';
import { type Ask, NoAnswer } from './ask.ts';
import { done, type Noted, type Offer, offered, recordList } from './fixShape.ts';
import { type Page, paragraph } from './layout.ts';
import { type Afterwards, askResolution, gone, settled, withResolution } from './resolved.ts';
import { codeOf, noSuchChat, type Shown, withoutAnswer } from './shown.ts';

/** Offers on a chat, with what the diagnosis finds. */
interface Offers {
  readonly shown: Shown;
  readonly offers: readonly Offer[];
  readonly findings: readonly string[];
}

export const NO_OPERATOR = 'The gateway has no operator, so no action can be taken: see OPERATOR_SUBGRAPH_URL.';

/** @throws NoAnswer, also without an operator */
export async function askOffers(ask: Ask, chatId: string): Promise<Offers> {
  const { data, raw, problems } = await ask('offers', { chat: chatId }, offered);
  const chat = data.chatDebugSnapshot ?? withoutAnswer({ problems }, noSuchChat(chatId));
  const offers = chat.actions ?? withoutAnswer({ problems }, NO_OPERATOR);
  const findings = chat.diagnosis?.findings.map(({ code }) => code) ?? [];
  const verdict = chat.diagnosis?.verdict ?? 'UNKNOWN';
  const text = (page: Page) =>
    [
      `${verdict}  chat ${chatId}, state ${chat.executionState}`,
      ...(chat.diagnosis ? [paragraph(page, chat.diagnosis.summary)] : []),
      ...offers.map((one) => `\n${offerText(page, one, findings)}`),
      `\nnpm run chat-debug -- fix ${chatId} --action <action> --reason "<why>" does it.`,
    ].join('\n');
  return { offers, findings, shown: { json: raw, problems, code: codeOf(verdict), text } };
}

function offerText(page: Page, offer: Offer, findings: readonly string[]): string {
  const { whyNot, from, to, changes, answers, risk } = offer;
  const name = shortName(offer.action);
  if (whyNot !== null) return `${name}: not now\n${paragraph(page, whyNot, 2)}`;
  const answered = answers.filter((code) => findings.includes(code));
  const head = `${page.paint.bold(name)}  ${from} → ${to}, risk ${risk.toLowerCase()}`;
  const why = answered.length > 0 ? [`  answers ${answered.join(', ')}`] : [];
  return [head, paragraph(page, changes, 2), ...why].join('\n');
}

/** What a person wants done. */
export interface Wish {
  readonly reason: string;
  readonly dryRun?: boolean | undefined;
}

/** Takes an action that was offered. @throws NoAnswer, also if there is no such action */
export async function takeOffer(
  ask: Ask,
  chatId: string,
  { offers, findings }: Offers,
  name: string,
  wish: Wish,
  afterwards: Afterwards,
): Promise<Shown> {
  const wanted = offers.find(({ action }) => shortName(action) === name);
  if (!wanted) {
    const known = offers.map(({ action }) => shortName(action)).join(', ');
    throw new NoAnswer(`There is no action ${name}. There are: ${known}.`, false);
  }
  const { action, whyNot, token, answers } = wanted;
  if (whyNot !== null) {
    const text = (page: Page) => paragraph(page, `Not done. ${whyNot}`);
    return { json: { done: null, action, whyNot }, problems: [], code: 1, text };
  }
  const acted = answers.filter((code) => findings.includes(code));
  const sent = await send(ask, action, { id: chatId, token, findings: acted }, wish, afterwards.clock);
  if (sent.outcome !== 'DONE' || wish.dryRun) return sent.shown;
  afterwards.note(`Done. It is looked for up to 30 s whether ${gone(acted)}.`);
  return withResolution(sent.shown, await askResolution(ask, sent.key, afterwards.clock), acted, chatId);
}

/** Tells a replica to drain, or takes that back. @throws NoAnswer */
export const drain = (
  ask: Ask,
  action: 'DRAIN_REPLICA' | 'UNDRAIN_REPLICA',
  id: string,
  wish: Wish,
  clock: Clock,
): Promise<Shown> => send(ask, action, { id, expect: { workerId: id } }, wish, clock).then(({ shown }) => shown);

interface Sent {
  readonly outcome: string;
  readonly key: string;
  readonly shown: Shown;
}

async function send(
  ask: Ask,
  action: ActionName,
  what: Readonly<Record<string, unknown>>,
  { reason, dryRun = false }: Wish,
  clock: Clock,
): Promise<Sent> {
  const key = randomUUID();
  const asked = ask('act', { ...what, reason, key, dryRun }, done, mutationOf(action));
  const { raw, problems, outcome, record } = await settled(ask, asked, { key, dryRun, clock });
  const isDone = outcome === 'DONE' || outcome === 'NO_CHANGE';
  const led = record.after === null ? '' : ` ${record.before} → ${record.after}.`;
  const head = `${outcome}  ${shortName(action)}${record.dryRun ? ', dry run' : ''}.${led}`;
  const shown: Shown = {
    ...{ json: raw, problems, code: isDone ? 0 : 1 },
    text: (page) =>
      [head, ...(record.why === null ? [] : [paragraph(page, record.why)]), `record ${record.id}`].join('\n'),
  };
  return { outcome, key, shown };
}

/** Lists records of actions, newest first. @throws NoAnswer */
export async function askActions(ask: Ask, first: number, chat: string | undefined): Promise<Shown> {
  const { data, raw, problems } = await ask('actions', { first, filter: { chatId: chat ?? null } }, recordList);
  const { edges } = data.actionRecords ?? withoutAnswer({ problems }, NO_OPERATOR);
  const text = (page: Page) =>
    edges.length === 0 ? 'No action was taken.' : edges.map(({ node }) => noteText(page, node)).join('\n');
  return { json: raw, problems, code: 0, text };
}

const RESOLVED: Readonly<Record<string, string>> = {
  PENDING: '; not known yet whether it helped',
  YES: '; its findings are gone',
  NO: '; its findings are still there',
};

function noteText(page: Page, node: z.output<typeof Noted>): string {
  const { at, action, outcome, dryRun, actor, via, chatId, replicaId, before, after, reason, why, resolved } = node;
  const led = before === null ? '' : `, ${before}${after === null ? '' : ` → ${after}`}`;
  return [
    `${at}  ${outcome}  ${shortName(action)}${dryRun ? ', dry run' : ''}${led}${RESOLVED[resolved] ?? ''}`,
    `  ${chatId === null ? `replica ${replicaId}` : `chat ${chatId}`}, by ${actor} (${via.toLowerCase()})`,
    paragraph(page, `because: ${reason}`, 2),
    ...(why === null ? [] : [paragraph(page, why, 2)]),
  ].join('\n');
}
