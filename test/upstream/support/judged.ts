/** Answers on many chats at once, arranged for comparison with the truth. */
import { systemClock } from '../../../common/clock.ts';
import { DIAGNOSED_FIELDS, type DiagnosedNode, diagnosedOf } from '../../field/support/diagnosed.ts';
import type { Asked } from '../../field/support/field.ts';
import { type Case, type Expected, expectedOf, type Release } from '../cases/expected.ts';
import { type Ids, idOf } from '../chats.ts';
import type { Deployment } from './deployment.ts';

/** Answers by the names of the cases. */
type Judged = Readonly<Record<string, { readonly [key in keyof Expected]: unknown }>>;

const AT_ONCE = 100;

/** Truth by name. */
export const truthOf = (cases: readonly Case[], release: Release): Judged =>
  Object.fromEntries(cases.map((one) => [one.name, expectedOf(one, release)]));

/** The youngest chat that is about to count as something else does so after five seconds. */
const WITHIN_MS = 4_000;
const READINGS = 5;

/**
 * Asks the gateway about the chats while their ages are as written. An answer that took too long is about older rows,
 * and is asked for again.
 * @throws if an answer is not whole
 */
export async function judge(deployment: Deployment, cases: readonly Case[], ids: Ids): Promise<Judged> {
  for (let reading = 0; reading < READINGS; reading += 1) {
    await deployment.ages.restore();
    const beganMs = systemClock.monotonicMs();
    const judged = await read(deployment.field, cases, ids);
    if (systemClock.monotonicMs() - beganMs < WITHIN_MS) return judged;
  }
  throw new Error(`None of ${READINGS} answers came within ${WITHIN_MS} ms`);
}

async function read(field: Deployment['field'], cases: readonly Case[], ids: Ids): Promise<Judged> {
  const suspects = new Set(await listed(field, { suspect: true }));
  const chatIds = cases.map(({ name }) => idOf(ids, name));
  const query = `query ($ids: [UUID!]!) { chatDebugSnapshots(chatIds: $ids) { ${DIAGNOSED_FIELDS} } }`;
  const { data, errors } = await field.ask<{ chatDebugSnapshots: (DiagnosedNode | null)[] }>(query, { ids: chatIds });
  if (errors.length > 0) throw new Error(`The answer has errors: ${JSON.stringify(errors)}`);
  return Object.fromEntries(
    cases.map(({ name }, i) => {
      const node = data?.chatDebugSnapshots[i];
      if (!node) throw new Error(`No answer for ${name}`);
      const { executionState: state, verdict, severities: found } = diagnosedOf(node);
      return [name, { state, verdict, found, isSuspect: suspects.has(idOf(ids, name)) }];
    }),
  );
}

interface Page {
  readonly chats: {
    readonly edges: readonly { readonly node: { readonly chatId: string } }[];
    readonly pageInfo: { readonly hasNextPage: boolean; readonly endCursor: string | null };
  } | null;
}

/** The ids of every chat of a list, in its order. @throws where a page is not whole */
export async function listed(field: Deployment['field'], filter: object): Promise<string[]> {
  const query = `query ($filter: ChatFilter, $after: String) { chats(filter: $filter, first: ${AT_ONCE}, after: $after) {
    edges { node { chatId } } pageInfo { hasNextPage endCursor } } }`;
  const found: string[] = [];
  let after: string | null = null;
  for (;;) {
    const { data, errors }: Asked<Page> = await field.ask<Page>(query, { filter, after });
    if (errors.length > 0 || !data?.chats)
      throw new Error(`No list of ${JSON.stringify(filter)}: ${JSON.stringify(errors)}`);
    found.push(...data.chats.edges.map(({ node }) => node.chatId));
    if (!data.chats.pageInfo.hasNextPage) return found;
    after = data.chats.pageInfo.endCursor;
  }
}
