/** What mends a turn that failed: to try again helps only where the same can come out otherwise. */
import { OPERATOR, PERSON } from './rule.ts';
import type { Situation } from './situation.ts';
import { listed, word } from './wording.ts';

export interface Advice {
  readonly who: string;
  /** One step, as the predicate of a sentence. */
  readonly act: string;
  /** The subcommand of `npm run chat` for it. */
  readonly command: 'send' | 'show';
  /** A new message, as it stands, may be answered. */
  readonly sendHelps: boolean;
}

const send = (act: string): Advice => ({ who: PERSON, act, command: 'send', sendHelps: true });
/** A message that stands in the history must change; `show` prints the numbers of messages. */
const edit = (act: string): Advice => ({ who: PERSON, act, command: 'show', sendHelps: false });
const mend = (act: string): Advice => ({ who: OPERATOR, act, command: 'send', sendHelps: false });

const BY_KIND = {
  context_length: edit('edit an earlier message: the history is too long for the model, and grows with each message'),
  content_filter: edit('edit the message that the model’s provider refuses, and put it in other words'),
  history: edit(
    'edit the person’s message that cannot be read, or one before it: what comes after it is deleted, queued messages too',
  ),
  auth: mend('mend the model’s key (MODEL_API_KEY) on the replicas, and then send a message'),
  quota: mend('raise the quota of the model’s account, or wait until it is renewed, and then send a message'),
  rate_limit: send('wait until the model’s provider takes calls again, and then send a message'),
  overloaded: send('send a message to try again once the model is less busy'),
  internal: mend('see in the logs of the replicas what the work broke off with, mend that, and then send a message'),
  data: send(
    'send a message to try again; if that fails as well, see in the log of the database which row it refuses, and why',
  ),
  step_limit: edit('see what the turn went round in, and send a message that tells it what to do otherwise'),
} satisfies Readonly<Record<string, Advice>>;

const isKind = (kind: string | null): kind is keyof typeof BY_KIND => kind !== null && Object.hasOwn(BY_KIND, kind);

/** What a status says, whatever kind somebody made of it. */
const BY_STATUS: Readonly<Record<number, Advice>> = {
  401: BY_KIND.auth,
  402: BY_KIND.quota,
  403: BY_KIND.auth,
  404: mend('correct the model’s name or address (MODEL) on the replicas, and then send a message'),
};

export function adviceFor({ database }: Situation): Advice {
  const { kind = null, status_code: status = null, retryable = null } = database?.lastError ?? {};
  const open = database?.openCalls ?? [];
  if (open.length > 0) {
    const names = listed([...new Set(open.map(({ toolName }) => word(toolName ?? '') || 'a tool'))].slice(0, 3));
    return send(`send a message: the call of ${names} that was left open is closed first`);
  }
  const known = (isKind(kind) ? BY_KIND[kind] : undefined) ?? (status === null ? undefined : BY_STATUS[status]);
  if (known) return known;
  return retryable === false
    ? edit('change what was refused before anything is sent: as it is, it would fail again')
    : send('send a message to try again');
}
