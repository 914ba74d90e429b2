/**
 * The transition `acquire`: takes runnable chats that nobody drives, several in one transaction.
 *
 * 1. Chats without owner or runner are taken in one round trip. Their own rows, once locked, say whether they are free.
 * 2. Chats whose owner seems to be gone are locked, looked at again by a new statement, and taken.
 * 3. If one cannot be taken, the candidates are taken one by one, so that it costs only itself.
 */
import pg, { type Pool, type PoolClient } from 'pg';
import { BEAT, IS_FREE, LOCK, LOCK_CANDIDATES, TAKE, TAKE_UNDRIVEN } from './acquisitionSql.ts';
import type { ChatState } from './chatState.ts';
import { isOfAll, mayPass, tookLong } from './databaseFailure.ts';
import { inTransaction } from './transaction.ts';

interface Acquisition {
  readonly workerId: string;
  readonly staleAfterSeconds: number;
  /** Seconds by which a heartbeat or a row may be ahead of the database's clock. */
  readonly clockAheadSeconds: number;
  /** Number of chats at most. */
  readonly limit: number;
  /** Chats to pass over. */
  readonly except: readonly string[];
  /** Chats that the worker drives: however old their leases look, it does not take them from itself. */
  readonly held?: readonly string[];
  /** True: chats with an owner and a runner are left to them, however their leases look. */
  readonly undrivenOnly?: boolean;
  /** Refused chats among those, to be tried one by one, after the others. */
  readonly apart?: readonly Candidate[];
  /** Called with chats as soon as they are this worker's, whatever becomes of the others. */
  readonly onTaken?: (chats: readonly ChatState[]) => void;
}

interface Acquired {
  /** Chats that now belong to this worker, each with a runner id of its own; at most as many as were asked for. */
  readonly chats: readonly ChatState[];
  /** True if there may be more, also when others were faster with some of these. */
  readonly more: boolean;
  /** Chats that nobody can take, to be passed over for a while. */
  readonly refused: readonly Refusal[];
  /** Chats that were not tried, or that somebody else has locked. */
  readonly left: readonly string[];
}

interface Candidate {
  readonly chatId: string;
  /** User whose chat it is. */
  readonly ownerId: string;
}

interface Refusal extends Candidate {
  readonly error: unknown;
}

/** Takes chats. */
export async function acquireChats(pool: Pool, asked: Acquisition): Promise<Acquired> {
  const { limit, onTaken } = asked;
  const quick = await takeUndriven(pool, asked);
  if (quick.chats.length > 0) onTaken?.(quick.chats);
  const rest = { ...asked, limit: limit - quick.chats.length };
  const isOver = quick.isWhole || asked.undrivenOnly;
  const done = isOver ? await takeRefused(pool, rest) : await takeLooking(pool, rest);
  const more = quick.isWhole ? quick.candidates === limit : done.more;
  return { ...done, chats: [...quick.chats, ...done.chats], more };
}

interface Undriven {
  readonly chats: readonly ChatState[];
  readonly candidates: number;
  /** False if there are candidates besides the taken ones, or nobody knows. */
  readonly isWhole: boolean;
}

async function takeUndriven(pool: Pool, asked: Acquisition): Promise<Undriven> {
  const { workerId, staleAfterSeconds, clockAheadSeconds, limit, except } = asked;
  const values = [staleAfterSeconds, clockAheadSeconds, limit, `{${except.join()}}`, workerId];
  const text = TAKE_UNDRIVEN.replaceAll(/\$(\d)/g, (_place, number) => pg.escapeLiteral(String(values[number - 1])));
  try {
    // Two statements without parameters: the driver returns the results of both.
    const [, { rows }] = (await pool.query(text)) as unknown as [unknown, { rows: (ChatState & Found)[] }];
    const chats = rows.filter(({ id }) => id !== null).map(({ candidates: _all, ...chat }) => chat);
    const candidates = rows[0]?.candidates ?? 0;
    return { chats, candidates, isWhole: candidates === chats.length };
  } catch (error) {
    if (isOfAll(error)) throw error;
    return { chats: [], candidates: 0, isWhole: false };
  }
}

interface Found {
  readonly candidates: number;
}

const takeRefused = async (pool: Pool, asked: Acquisition): Promise<Acquired> => ({
  ...acquired(await takeApart(pool, asked.apart ?? [], asked.limit, asked)),
  more: false,
});

async function takeLooking(pool: Pool, asked: Acquisition): Promise<Acquired> {
  const { staleAfterSeconds, clockAheadSeconds, limit, except, held = [], apart = [], onTaken } = asked;
  let candidates: Candidate[] = [];
  let together: ChatState[];
  try {
    together = await inTransaction(pool, async (tx) => {
      const { rows } = await tx.query<Candidate>(LOCK_CANDIDATES, [
        staleAfterSeconds,
        clockAheadSeconds,
        limit,
        [...except, ...held],
      ]);
      candidates = rows.map(({ chatId, ownerId }) => ({ chatId, ownerId }));
      const ids = candidates.map(({ chatId }) => chatId);
      return take(tx, ids, asked);
    });
  } catch (error) {
    if (candidates.length === 0 || isOfAll(error)) throw error;
    // The newest come first: a chat that cannot be taken stands before them for as long as it exists.
    const done = await takeApart(pool, [...candidates.reverse(), ...apart], limit, asked);
    const more = candidates.length === limit || candidates.some(({ chatId }) => done.untried.has(chatId));
    const [first] = done.refused;
    // If no chat at all can be taken, the database itself is at fault, and no chat is to be passed over.
    const isOfDatabase = done.refused.every(({ error }) => mayPass(error) && !tookLong(error));
    if (first && done.chats.length === 0 && isOfDatabase && !more) throw first.error;
    return { ...acquired(done), more };
  }
  if (together.length > 0) onTaken?.(together);
  const done = await takeApart(pool, apart, limit - together.length, asked);
  return { ...acquired(done), chats: [...together, ...done.chats], more: candidates.length === limit };
}

/** Number of chats that may take too long at a time; no other is taken meanwhile. */
const MOST_LATE = 3;

interface Apart {
  readonly chats: ChatState[];
  readonly refused: Refusal[];
  readonly locked: Set<string>;
  readonly untried: Set<string>;
}

const acquired = ({ chats, refused, locked, untried }: Apart) => ({ chats, refused, left: [...locked, ...untried] });

/** @throws the error that keeps every chat from being taken, if none was */
async function takeApart(pool: Pool, candidates: readonly Candidate[], limit: number, asked: Acquisition) {
  const done: Apart = { chats: [], refused: [], locked: new Set(), untried: new Set() };
  let late = 0;
  let isOver = false;
  for (const candidate of candidates) {
    const { chatId } = candidate;
    isOver ||= late === MOST_LATE || done.chats.length >= limit;
    if (isOver) done.untried.add(chatId);
    if (isOver) continue;
    try {
      const taken = await takeOne(pool, chatId, asked);
      if (taken === 'locked') done.locked.add(chatId);
      else done.chats.push(...taken);
      if (taken !== 'locked' && taken.length > 0) asked.onTaken?.(taken);
    } catch (error) {
      if (isOfAll(error) && done.chats.length + done.refused.length === 0) throw error;
      isOver = isOfAll(error);
      if (isOver) done.untried.add(chatId);
      else done.refused.push({ ...candidate, error });
      if (tookLong(error)) late += 1;
    }
  }
  return done;
}

const takeOne = (pool: Pool, chatId: string, asked: Acquisition): Promise<ChatState[] | 'locked'> =>
  inTransaction(pool, async (tx) => {
    const { rows } = await tx.query<{ id: string }>(LOCK, [chatId]);
    if (rows.length > 0) return take(tx, [chatId], asked);
    const free = await tx.query(IS_FREE, [asked.staleAfterSeconds, asked.clockAheadSeconds, chatId]);
    return free.rows.length > 0 ? 'locked' : [];
  });

/** Takes chats whose rows are locked by this transaction. */
async function take(tx: PoolClient, ids: readonly string[], asked: Acquisition): Promise<ChatState[]> {
  if (ids.length === 0) return [];
  const { staleAfterSeconds, clockAheadSeconds, workerId } = asked;
  const { rows } = await tx.query<ChatState>(TAKE, [staleAfterSeconds, clockAheadSeconds, workerId, ids]);
  await tx.query(BEAT, [rows.map((chat) => chat.id)]);
  return rows;
}
