/** `chat-debug replicas`: who works on the chats, how each of them is, and how the database is that they all need. */
import type { Ask, Problem } from './ask.ts';
import { replicasAnswer } from './replicasShape.ts';
import { databaseTroubles, replicasText, troubles } from './replicasText.ts';
import { type ExitCode, type Shown, withoutAnswer, worstOf } from './shown.ts';

/**
 * Those that have not stopped in order, and those that have and still own chats.
 * @throws NoAnswer, also without the role
 */
export async function askReplicas(ask: Ask): Promise<Shown> {
  const { data, raw, problems } = await ask('replicas', {}, replicasAnswer);
  const all = data.replicas ?? withoutAnswer({ problems }, 'The gateway lists no replicas.');
  const loads = new Map(data.load?.map(({ id, runtime }) => [id, runtime]));
  const told = all
    .map((replica) => ({ ...replica, load: loads.get(replica.id) ?? null }))
    .filter(({ stoppedAt, ownedChats }) => stoppedAt === null || ownedChats > 0);
  const { database } = data;
  const isInTrouble =
    !told.some(({ isAlive }) => isAlive) ||
    told.some((one) => troubles(one).length > 0) ||
    (database !== null && databaseTroubles(database).length > 0);
  const code: ExitCode = isInTrouble ? 1 : 0;
  return {
    json: raw,
    problems: problems.filter((problem) => !isOfLoad(problem)), // of those `replicasText` says more
    code: worstOf([code, problems.some(({ path }) => path?.[0] === 'database') ? 2 : 0]),
    text: (page) => replicasText(page, database, told),
  };
}

const isOfLoad = ({ path }: Problem): boolean => path?.[0] === 'load';
