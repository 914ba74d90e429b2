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

const BY_KIND: Readonly<Record<string, Advice>> = {
  context_length: edit('edit an earlier message: the history is too long for the model, and grows with each message'),
  content_filter: edit('edit the message that the model’s provider refuses, and put it in other words'),
  history: edit('edit a message before the one that cannot be read: what comes after it is deleted'),
  auth: mend('mend the model’s key (MODEL_API_KEY) on the replicas, and then send a message'),
  quota: mend('raise the quota of the model’s account, or wait until it is renewed, and then send a message'),
  rate_limit: send('wait until the model’s provider takes calls again, and then send a message'),
  overloaded: send('wait until the model is less busy, and then send a message'),
  step_limit: edit('see what the turn went round in, and send a message that tells it what to do otherwise'),
};

export function adviceFor({ database }: Situation): Advice {
  const { kind = null, retryable = null } = database?.lastError ?? {};
  const open = database?.openCalls ?? [];
  if (open.length > 0) {
    const names = listed([...new Set(open.map(({ toolName }) => word(toolName ?? '') || 'a tool'))].slice(0, 3));
    return send(`send a message: the call of ${names} that was left open is closed first`);
  }
  const known = kind !== null && Object.hasOwn(BY_KIND, kind) ? BY_KIND[kind] : undefined;
  if (known) return known;
  return retryable === false
    ? edit('change what was refused before anything is sent: as it is, it would fail again')
    : send('send a message to try again');
}
