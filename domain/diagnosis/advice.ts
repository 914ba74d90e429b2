/** Advice on a turn that failed. Trying again helps only where the outcome can differ. */
import { wordsForFailure } from '../databaseFailures.ts';
import { breakOffIn } from './breakOff.ts';
import type { Command, Means } from './means/means.ts';
import { meansOf } from './means/platforms.ts';
import { OPERATOR, PERSON } from './rule.ts';
import type { Situation } from './situation.ts';
import { listed, word } from './wording.ts';

interface Advice {
  readonly who: string;
  /** One step, as the predicate of a sentence. */
  readonly act: string;
  readonly command: Command;
  /** True if the turn, begun anew as the chat stands, may end otherwise. */
  readonly againHelps: boolean;
}

type Advise = (means: Means, s: Situation) => Advice;

const send =
  (act: string): Advise =>
  (means) => ({ who: PERSON, act, command: means.send, againHelps: false });
/** Advice to begin the turn anew. @param words around it */
const again =
  (words: (again: string) => string = (act) => act): Advise =>
  (means, s) => ({ who: PERSON, act: words(means.again.act(s)), command: means.again.command, againHelps: true });
/** Clause on what an edit takes along. What it takes where another platform makes it is not known. */
const alsoDeletes = ({ platform, database }: Situation) =>
  platform !== 'views' && (database?.queueDepth ?? 0) > 0 ? '; an edit deletes what is queued' : '';
/** Advice to change a message of the history. */
const edit =
  (act: string): Advise =>
  (means, s) => ({ who: PERSON, act: `${act}${alsoDeletes(s)}`, command: means.edit, againHelps: false });
const mend =
  (act: (means: Means) => string): Advise =>
  (means, s) => ({
    ...{ who: OPERATOR, act: `${act(means)}, and then ${means.again.act(s)}` },
    ...{ command: means.again.command, againHelps: false },
  });

function brokenOff({ database }: Situation): Advise {
  const { failure, defect } = breakOffIn(database?.lastError?.message);
  if (failure) return mend(() => wordsForFailure(failure).mend);
  const repeated = defect ? `breaks off with ${word(defect)} again` : 'breaks off again';
  return (means, s) => ({
    ...{ who: PERSON, command: means.again.command, againHelps: false },
    act: `${means.again.act(s)}, and report a defect of the worker if it ${repeated}`,
  });
}

const BY_KIND = {
  context_length: ({ shorten }, s) => ({
    ...{ who: PERSON, act: shorten.act(s), command: shorten.command, againHelps: false },
  }),
  content_filter: edit('edit the message that the model’s provider refuses, and put it in other words'),
  history: ({ edit: command }) => ({
    ...{ who: PERSON, command, againHelps: false },
    act: 'edit the person’s message that cannot be read, or one before it: what comes after it is deleted, queued messages too',
  }),
  auth: mend((means) => means.mend.modelKey),
  quota: mend(() => 'raise the quota of the model’s account, or wait until it is renewed'),
  rate_limit: again((act) => `wait until the model’s provider takes calls again, and then ${act}`),
  overloaded: again((act) => `${act} once the model is less busy`),
  internal: (means, s) => brokenOff(s)(means, s),
  data: again((act) => `${act}; if that fails as well, see in the log of the database which row it refuses, and why`),
  step_limit: (means) => ({
    ...{ who: PERSON, command: means.show, againHelps: false },
    act: 'see what the turn went round in, and send a message that tells it what to do otherwise',
  }),
} satisfies Readonly<Record<string, Advise>>;

const isKind = (kind: string | null): kind is keyof typeof BY_KIND => kind !== null && Object.hasOwn(BY_KIND, kind);

const modelAddress = mend((means) => means.mend.modelName);

/** Advice by HTTP status, whatever kind of error was made of it. */
const BY_STATUS: Readonly<Record<number, Advise>> = {
  401: BY_KIND.auth,
  402: BY_KIND.quota,
  403: BY_KIND.auth,
  404: modelAddress,
  // No model listens at that address: it redirects, or answers nothing.
  ...Object.fromEntries([204, 301, 302, 303, 307, 308].map((status) => [status, modelAddress])),
};

export function adviceFor(s: Situation): Advice {
  const means = meansOf(s);
  const { kind = null, status_code: status = null, retryable = null } = s.database?.lastError ?? {};
  const open = s.database?.openCalls ?? [];
  if (open.length > 0 && means.sendClosesCalls) {
    const names = listed([...new Set(open.map(({ toolName }) => word(toolName ?? '') || 'a tool'))].slice(0, 3));
    return send(`send a message: the call of ${names} that was left open is closed first`)(means, s);
  }
  const known = (isKind(kind) ? BY_KIND[kind] : undefined) ?? (status === null ? undefined : BY_STATUS[status]);
  const otherwise =
    retryable === false
      ? edit('change what was refused before anything is sent: as it is, it would fail again')
      : again();
  return (known ?? otherwise)(means, s);
}
