/** Resolvers of plans. */
import { clientError } from '../../../server/graphql/errors.ts';
import { pageSize } from '../../../server/graphql/pageSize.ts';
import { storableTexts } from '../../../server/graphql/storable.ts';
import type { OperatorContext } from '../context.ts';
import { planError } from '../trouble.ts';
import { makePlan, type PlanArguments, runPlan, seenBy, stopPlan } from './makePlan.ts';
import { type Counts, findPlan, type ItemRow, listItems, listPlans, type PlanRow } from './plans.ts';

const ITEMS = { standard: 100, most: 1_000 };

interface ItemArguments {
  readonly first?: number | null;
  readonly after?: number | null;
  readonly outcome?: readonly string[] | null;
}

async function items(
  { id }: PlanRow,
  { first, after, outcome }: ItemArguments,
  { pool, answered }: OperatorContext,
): Promise<ItemRow[]> {
  const size = first ?? ITEMS.standard;
  const outcomes = outcome ? storableTexts(outcome) : null;
  if (size >= 1 && size <= ITEMS.most) {
    return answered(() => listItems(pool, id, { first: size, after: after ?? 0, outcomes }));
  }
  throw clientError('BAD_USER_INPUT', `\`first\` must be 1 to ${ITEMS.most}. Received ${size}.`);
}

/** Makes a change of a plan. Whether it was made may not be known, and the error then says so. */
const changed = ({ answered }: OperatorContext, change: () => Promise<PlanRow>) =>
  answered(() =>
    change().catch((error: unknown) => {
      throw Object.assign(planError(error), { cause: error });
    }),
  );

const counted = (name: keyof Counts) => async (plan: PlanRow, _: unknown, context: OperatorContext) =>
  (await context.counts.load(plan.id))[name];

export const planResolvers = {
  Query: {
    actionPlan: async (_: unknown, { id }: { id: string }, { pool, caller, answered }: OperatorContext) =>
      (await answered(() => findPlan(pool, id, seenBy(caller)))) ?? null,
    actionPlans: (_: unknown, { first }: { first?: number | null }, { pool, caller, answered }: OperatorContext) => {
      const size = pageSize(first);
      return answered(() => listPlans(pool, seenBy(caller), size));
    },
  },
  Mutation: {
    planActions: (_: unknown, given: PlanArguments, context: OperatorContext) =>
      changed(context, () => makePlan(context.pool, given, context)),
    runPlan: async (
      _: unknown,
      { id, perSecond }: { id: string; perSecond?: number | null },
      context: OperatorContext,
    ) => {
      const plan = await changed(context, () => runPlan(context.pool, id, perSecond ?? null, context));
      context.planBegun();
      return plan;
    },
    stopPlan: (_: unknown, { id }: { id: string }, context: OperatorContext) =>
      changed(context, () => stopPlan(context.pool, id, context.caller)),
  },
  ActionPlan: {
    ...{ total: counted('total'), pending: counted('pending'), done: counted('done') },
    ...{ noChange: counted('noChange'), conflicts: counted('conflicts'), refused: counted('refused') },
    items,
  },
  PlanItem: {
    record: ({ actionId }: ItemRow, _: unknown, { recordById }: OperatorContext) =>
      actionId === null ? null : recordById.load(actionId),
  },
};
