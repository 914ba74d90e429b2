/** Truth about a chat, and so what must be said of it. */
import type { Chat } from '../support/rows.ts';

export interface Expected {
  readonly state: string;
  readonly verdict: 'WORKING' | 'WAITING' | 'IDLE' | 'STUCK' | 'FAILED' | 'UNKNOWN';
  /** The severity of each finding, by its code: all of them. */
  readonly found: Readonly<Record<string, 'INFO' | 'WARNING' | 'CRITICAL'>>;
  readonly isSuspect: boolean;
}

/** The two rows of thresholds: releases since 15 September 2026, and those before. */
export type Release = 'newest' | 'older';

/** Value of CODER_RELEASE: a build of the day before, by which the older thresholds are chosen. */
export const OLDER_RELEASE = '2026-09-14';

export interface Case {
  readonly name: string;
  readonly chat: Chat;
  readonly newest: Expected;
  /** Left out: the same. */
  readonly older?: Expected;
}

export const expectedOf = (one: Case, release: Release): Expected => (release === 'older' && one.older) || one.newest;

const healthy =
  (verdict: Expected['verdict']) =>
  (state: string, found: Expected['found'] = {}): Expected => ({
    ...{ state, verdict, found, isSuspect: false },
  });
export const working = healthy('WORKING');
export const waiting = healthy('WAITING');
export const idle = healthy('IDLE');

const troubled =
  (verdict: Expected['verdict']) =>
  (state: string, found: Expected['found']): Expected => ({
    ...{ state, verdict, found, isSuspect: true },
  });
export const stuck = troubled('STUCK');
export const failed = troubled('FAILED');
export const unknown = troubled('UNKNOWN');
/** Nothing is lost yet, and somebody should look. */
export const watched = troubled('WORKING');

/** True if `chat-debug stuck` lists it. */
export const isListed = ({ verdict, isSuspect }: Expected): boolean =>
  isSuspect && ['STUCK', 'FAILED', 'UNKNOWN'].includes(verdict);
