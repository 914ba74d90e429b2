/** `chat-debug replicas`: lists who works on the chats, how each is, and how their common database is. */
import * as z from 'zod';
import { type Ask, NoAnswer, type Problem } from './ask.ts';
import { blocks, paragraph } from './layout.ts';
import { databaseAnswer, replicasAnswer, type ShownDatabase, type ShownReplica } from './replicasShape.ts';
import { databaseText, databaseTroubles, replicasText, troubles } from './replicasText.ts';
import { type Shown, withoutAnswer, worstOf } from './shown.ts';

/**
 * Asks for the replicas: those that have not stopped, and stopped ones that still own chats.
 * A locked table hides the replicas while the database tells of the lock, so each answer is shown without the other.
 * @throws NoAnswer if neither is known, also without the role
 */
export async function askReplicas(ask: Ask): Promise<Shown> {
  const [health, list] = await Promise.all([orNoAnswer(askDatabase(ask)), orNoAnswer(askList(ask))]);
  if (list instanceof NoAnswer) {
    if (health instanceof NoAnswer) throw list;
    return databaseAlone(health, list);
  }
  const database = health instanceof NoAnswer ? null : health.database;
  const mayBeUnlisted = database?.platform === 'coder';
  const isInTrouble =
    !(list.told.some(({ isAlive }) => isAlive) || (mayBeUnlisted && list.told.length === 0)) ||
    list.told.some((one) => troubles(one).length > 0) ||
    (database !== null && databaseTroubles(database).length > 0);
  return {
    json: { database: health instanceof NoAnswer ? null : health.raw, ...list.raw },
    problems: [
      ...(health instanceof NoAnswer ? [{ message: health.message, path: ['database'] }] : []),
      ...list.problems,
    ],
    code: worstOf([isInTrouble ? 1 : 0, database ? 0 : 2]),
    text: (page) => blocks(databaseText(page, database), replicasText(page, list.told, mayBeUnlisted)),
  };
}

function databaseAlone({ database, raw }: Health, { message }: NoAnswer): Shown {
  return {
    json: { database: raw, replicas: null },
    problems: [{ message, path: ['replicas'] }],
    code: databaseTroubles(database).length > 0 ? 1 : 2,
    text: (page) => blocks(databaseText(page, database), paragraph(page, 'The replicas could not be listed.')),
  };
}

interface Health {
  readonly database: ShownDatabase;
  /** Data as it came. */
  readonly raw: unknown;
}

interface List {
  readonly told: readonly ShownReplica[];
  readonly raw: object;
  readonly problems: readonly Problem[];
}

async function askDatabase(ask: Ask): Promise<Health> {
  const { data, raw, problems } = await ask('database', {}, databaseAnswer);
  const database = data.database ?? withoutAnswer({ problems }, 'It does not say.');
  return { database, raw: z.object({ database: z.unknown() }).parse(raw).database };
}

async function askList(ask: Ask): Promise<List> {
  const { data, raw, problems } = await ask('replicas', {}, replicasAnswer);
  const all = data.replicas ?? withoutAnswer({ problems }, 'The gateway lists no replicas.');
  const loads = new Map(data.load?.map(({ id, runtime }) => [id, runtime]));
  const told = all
    .map((replica) => ({ ...replica, load: loads.get(replica.id) ?? null }))
    .filter(({ stoppedAt, ownedChats }) => stoppedAt === null || ownedChats > 0);
  const ids = new Set(told.map(({ id }) => id));
  const isOfUntold = ([field, place]: NonNullable<Problem['path']>) =>
    field === 'replicas' && typeof place === 'number' && !ids.has(all[place]?.id ?? '');
  return {
    told,
    raw: z.record(z.string(), z.unknown()).parse(raw),
    // Problems of the load are told by `replicasText`.
    problems: problems.filter(({ path }) => !path || (path[0] !== 'load' && !isOfUntold(path))),
  };
}

/** Keeps a failed answer as the error instead of throwing it. */
const orNoAnswer = <Value>(answer: Promise<Value>): Promise<Value | NoAnswer> =>
  answer.catch((error: unknown) => {
    if (error instanceof NoAnswer) return error;
    throw error;
  });
