/** What is said of many chats at once, arranged to be held against what is true of them. */
import { DIAGNOSED_FIELDS, type DiagnosedNode, diagnosedOf } from '../../field/support/diagnosed.ts';
import type { Asked } from '../../field/support/field.ts';
import { type Case, type Expected, expectedOf, type Release } from '../cases/expected.ts';
import { type Ids, idOf } from '../chats.ts';
import type { Deployment } from './deployment.ts';

/** By the names of the cases. */
export type Judged = Readonly<Record<string, Expected>>;

const AT_ONCE = 100;

/** What is true, by name. */
export const truthOf = (cases: readonly Case[], release: Release): Judged =>
  Object.fromEntries(cases.map((one) => [one.name, expectedOf(one, release)]));

/** What the gateway says of them, while their ages are as they were written. @throws where an answer is not whole */
export async function judge({ field, ages }: Deployment, cases: readonly Case[], ids: Ids): Promise<Judged> {
  await ages.restore();
  const suspects = new Set(await listed(field, { suspect: true }));
  const chatIds = cases.map(({ name }) => idOf(ids, name));
  const query = `query ($ids: [UUID!]!) { chatDebugSnapshots(chatIds: $ids) { ${DIAGNOSED_FIELDS} } }`;
  const { data, errors } = await field.ask<{ chatDebugSnapshots: (DiagnosedNode | null)[] }>(query, { ids: chatIds });
  if (errors.length > 0) throw new Error(`The answer has errors: ${JSON.stringify(errors)}`);
  return Object.fromEntries(
    cases.map(({ name }, i) => {
      const node = data?.chatDebugSnapshots[i];
      if (!node) throw new Error(`No answer for ${name}`);
      const { executionState, verdict, severities } = diagnosedOf(node);
      return [
        name,
        { state: executionState, verdict, found: severities, isSuspect: suspects.has(idOf(ids, name)) } as Expected,
      ];
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
