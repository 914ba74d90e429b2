/** `chat-debug plan`, `run`, `stop` and `plans`: one action on many chats, planned and run through the gateway. */
import * as z from 'zod';
import type { Clock } from '../../common/clock.ts';
import { type ChatAction, shortName } from '../../domain/actions/names.ts';
import { type Answered, type Ask, NoAnswer } from './ask.ts';
import { NO_OPERATOR } from './fix.ts';
import { blocks, columns, lines, type Page, paragraph } from './layout.ts';
import { type Shown, withoutAnswer } from './shown.ts';
import { askStuck } from './stuck.ts';

const head = z.object({
  ...{ id: z.string(), at: z.string(), actor: z.string(), action: z.string(), reason: z.string(), state: z.string() },
  ...{ perSecond: z.number().nullable(), stoppedBy: z.string().nullable(), total: z.number(), pending: z.number() },
  ...{ done: z.number(), noChange: z.number(), conflicts: z.number(), refused: z.number() },
});
const item = z.object({
  ...{ chatId: z.string(), from: z.string().nullable(), to: z.string().nullable() },
  ...{ outcome: z.string().nullable(), why: z.string().nullable() },
});
const plan = head.extend({ items: z.array(item) });
const one = z.object({ plan: plan.nullable() });
const many = z.object({ plans: z.array(head).nullable() });
type Plan = z.output<typeof plan>;

/** Milliseconds between two looks at a plan that runs. */
const LOOK_MS = 1_000;
const MOST_CHATS = 1_000;

/** What is to be planned. */
interface Planned {
  readonly action: ChatAction;
  readonly chats: readonly string[];
  readonly reason: string;
  readonly findings: readonly string[];
}

/** Chats in trouble that have this finding. @throws NoAnswer, also if there are none */
export async function chatsWith(ask: Ask, finding: string): Promise<string[]> {
  const { json } = await askStuck(ask, MOST_CHATS);
  const node = z.object({
    chatId: z.string(),
    diagnosis: z.object({ findings: z.array(z.object({ code: z.string() })) }),
  });
  const { edges } = z
    .object({ chats: z.object({ edges: z.array(z.object({ node: z.unknown() })) }) })
    .parse(json).chats;
  const found = edges.flatMap(({ node: chat }) => node.safeParse(chat).data ?? []);
  const chats = found.filter(({ diagnosis }) => diagnosis.findings.some(({ code }) => code === finding));
  if (chats.length > 0) return chats.map(({ chatId }) => chatId);
  throw new NoAnswer(`No chat in trouble has the finding ${finding}.`, false);
}

/** Freezes the chats for review. @throws NoAnswer */
export async function makePlan(ask: Ask, planned: Planned): Promise<{ readonly id: string; readonly shown: Shown }> {
  const answered = await ask('plans', { ...planned }, one, 'planActions');
  const made = answered.data.plan ?? withoutAnswer(answered, NO_OPERATOR);
  const more = `npm run chat-debug -- run ${made.id} runs it.`;
  return { id: made.id, shown: { ...shown(answered, made), code: 0, text: (page) => planText(page, made, more) } };
}

/** @param perSecond null: as before. @throws NoAnswer */
export async function runPlan(ask: Ask, id: string, perSecond: number | null): Promise<void> {
  const answered = await ask('plans', { id, perSecond }, one, 'runPlan');
  if (!answered.data.plan) withoutAnswer(answered, NO_OPERATOR);
}

/** Follows a plan to its end. The gateway may be away meanwhile. @throws NoAnswer */
export async function followPlan(ask: Ask, id: string, clock: Clock, note: (line: string) => void): Promise<Shown> {
  let last = '';
  for (;;) {
    const now = await ask('plans', { id }, one, 'TerminalPlan').catch((error: unknown) => {
      if (error instanceof NoAnswer && error.mayHeal) return undefined;
      throw error;
    });
    const found = now && (now.data.plan ?? withoutAnswer(now, noSuchPlan(id)));
    if (found && found.state !== 'RUNNING') return shown(now, found);
    const progress = found
      ? `${found.total - found.pending} of ${found.total}`
      : 'The gateway does not answer. The plan goes on.';
    if (progress !== last) note(progress);
    last = progress;
    await clock.sleep(LOOK_MS);
  }
}

/** @throws NoAnswer */
export async function stopPlan(ask: Ask, id: string): Promise<Shown> {
  const answered = await ask('plans', { id }, one, 'stopPlan');
  const stopped = answered.data.plan ?? withoutAnswer(answered, noSuchPlan(id));
  return { ...shown(answered, stopped), code: stopped.state === 'STOPPED' ? 0 : 1 };
}

/** @throws NoAnswer, also if there is no such plan */
export async function askPlan(ask: Ask, id: string): Promise<Shown> {
  const answered = await ask('plans', { id }, one, 'TerminalPlan');
  return shown(answered, answered.data.plan ?? withoutAnswer(answered, noSuchPlan(id)));
}

/** @throws NoAnswer */
export async function askPlans(ask: Ask, first: number): Promise<Shown> {
  const { data, raw, problems } = await ask('plans', { first }, many, 'TerminalPlans');
  const plans = data.plans ?? withoutAnswer({ problems }, NO_OPERATOR);
  const text = (page: Page) =>
    plans.length === 0 ? 'There are no plans.' : blocks(...plans.map((each) => headText(page, each)));
  return { json: raw, problems, code: 0, text };
}

const noSuchPlan = (id: string) =>
  `There is no plan ${id}, it is not yours to see, or the gateway has no operator: it does not tell them apart.`;

/** A plan, with 1 for one that has left something undone. */
const shown = ({ raw, problems }: Answered<unknown>, found: Plan): Shown => ({
  ...{ json: raw, problems },
  code: found.state === 'FINISHED' && found.conflicts + found.refused === 0 ? 0 : 1,
  text: (page) => planText(page, found),
});

function headText(page: Page, found: z.output<typeof head>): string {
  const { id, at, actor, action, reason, state, stoppedBy, perSecond } = found;
  const rate = perSecond === null ? '' : `, ${perSecond} a second`;
  return lines(
    `${page.paint.bold(state)}  ${shortName(action)}, plan ${id}${rate}`,
    paragraph(page, `by ${actor}, ${at}${stoppedBy === null ? '' : `; stopped by ${stoppedBy}`}`, 2),
    paragraph(page, `because: ${reason}`, 2),
    paragraph(page, counts(found), 2),
  );
}

const counts = ({ total, pending, done, noChange, conflicts, refused }: z.output<typeof head>) =>
  `${total} chats: ${done} done, ${noChange} were so already, ${conflicts} had moved, ${refused} refused, ${pending} left`;

const NAME_WIDTHS = [36, 10, 9];

function planText(page: Page, found: Plan, more = ''): string {
  const rows = found.items.map(({ chatId, from, to, outcome, why }) => [
    ...[chatId, `${from ?? '?'} → ${to ?? '?'}`, outcome ?? 'left', why ?? ''],
  ]);
  return blocks(headText(page, found), columns(page, NAME_WIDTHS, rows), more);
}
