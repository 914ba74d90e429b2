/** Plans as rows: what is done to how many, by whom, and how far it is. */
import { ORDERS } from '../data/actionWords.ts';
import type { PlanSummary } from '../data/operations.ts';
import { linkTo } from '../data/route.ts';
import { shortId } from './id.tsx';
import { When } from './when.tsx';

export function PlanRows({ plans, isAsked }: { plans: readonly PlanSummary[]; isAsked: boolean }) {
  if (plans.length === 0) return <p class="none">{isAsked ? 'No plan that you may see.' : 'Asking…'}</p>;
  return (
    <table class="table">
      <thead>
        <tr>
          <th scope="col">Plan</th>
          <th scope="col">State</th>
          <th scope="col">How far</th>
          <th scope="col">Who</th>
          <th scope="col">Why</th>
          <th scope="col">Made</th>
        </tr>
      </thead>
      <tbody>
        {plans.map((plan) => (
          <tr key={plan.id}>
            <th scope="row">
              <a href={linkTo(`actions/${plan.id}`)}>
                {ORDERS[plan.action]}, {plan.total}×
              </a>
            </th>
            <td data-label="state">
              <span class="verdict" data-tone={plan.state === 'RUNNING' ? 'odd' : 'calm'}>
                {plan.state}
              </span>
            </td>
            <td data-label="how far">{howFar(plan)}</td>
            <td data-label="who" class="mono">
              <span title={plan.actor}>{shortId(plan.actor)}</span>
            </td>
            <td data-label="why">{plan.reason}</td>
            <td data-label="made">
              <When at={plan.at} />
            </td>
          </tr>
        ))}
      </tbody>
    </table>
  );
}

/** Numbers of a plan in words; those that are 0 are left out. */
export const howFar = ({ total, pending, done, noChange, conflicts, refused }: PlanSummary): string =>
  [
    `${total - pending} of ${total}`,
    done > 0 && `${done} done`,
    noChange > 0 && `${noChange} so already`,
    conflicts > 0 && `${conflicts} moved`,
    refused > 0 && `${refused} refused`,
  ]
    .filter(Boolean)
    .join(', ');
