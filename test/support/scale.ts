/** Numbers of random cases in the quick tests. The slow ones and commands ask for more. */
import { systemClock } from '../../common/clock.ts';

export const MODEL_SEQUENCES = Number(process.env.MODEL_SEQUENCES ?? 500);

/** Chats that are answered by random streams of a model. */
export const MODEL_STREAMS = Number(process.env.MODEL_STREAMS ?? 60);

/** Values drawn for each column of each table. */
export const ODD_VALUES = Number(process.env.ODD_VALUES ?? 2);

/** Rows of chats by which lists of suspects and rules are compared. */
export const SUSPECT_ROWS = Number(process.env.SUSPECT_ROWS ?? 500);

/** Random queries by which the executor is compared with the specification. */
export const EXECUTOR_QUERIES = Number(process.env.EXECUTOR_QUERIES ?? 300);

/** Random answers of replicas, each of them passed on as it came or copied. */
export const FRESH_ANSWERS = Number(process.env.FRESH_ANSWERS ?? 300);

/** Random queries by which the executor is compared with Apollo's own, for each supergraph and kind of faults. */
export const STOCK_QUERIES = Number(process.env.STOCK_QUERIES ?? 10);

/** One in so many of the aliases and arguments that a client can put beside a diagnosis; 1: all of them. */
export const ALIAS_STRIDE = Number(process.env.ALIAS_STRIDE ?? 30);

/** Pairs of actions that race while the operator is killed. */
export const ACTION_PAIRS = Number(process.env.ACTION_PAIRS ?? 100);

/** Chats that fall ill while recorders die. Their troubles begin within half a second each. */
export const TAKEOVER_CHATS = Number(process.env.TAKEOVER_CHATS ?? 70);

/** The faults of one run: a new seed each time unless one is given, which makes the same plan again. */
export const FAULT_RUN = {
  seed: Number(process.env.FAULT_SEED ?? Math.floor(systemClock.random() * 2 ** 31)),
  chats: Number(process.env.FAULT_CHATS ?? 200),
  /** Seconds of faults; starting before and settling after take some 20 s more. */
  seconds: Number(process.env.FAULT_SECONDS ?? 30),
};
