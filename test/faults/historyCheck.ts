/**
 * Check that the driver's log and the words in a chat's messages allow it. Pure.
 * Nothing may be lost, doubled or out of order, and every turn must be answered in full unless it was cut.
 */
import * as z from 'zod';
import type { ChatLog, Cut } from './chatLog.ts';
import type { PlannedMessage, Word } from './plan.ts';

export interface RestingChat {
  readonly status: string;
  /** Messages in order. */
  readonly messages: readonly { readonly role: string; readonly content: unknown; readonly revision: number }[];
  /** The texts that wait, in order. */
  readonly queued: readonly string[];
}

const partsOf = z.array(
  z.object({
    type: z.string(),
    text: z.string().optional(),
    toolCallId: z.string().optional(),
    output: z.unknown().optional(),
  }),
);

interface Turn {
  readonly asked: PlannedMessage;
  readonly revision: number;
  readonly answers: RestingChat['messages'][number][];
  readonly cuts: ReadonlySet<Cut['kind']>;
}

const WITH_TOOL = 'assistant tool assistant';
const WHOLE: Readonly<Record<Word, string>> = {
  ...{ plain: 'assistant', slow: 'assistant', failOnce: 'assistant', fail: '' },
  ...{ add: WITH_TOOL, ask: WITH_TOOL, hold: WITH_TOOL },
};
/** Messages that a stopped turn may have: a call is never without its result. */
const STOPPED: Readonly<Record<string, readonly string[]>> = {
  '': [''],
  assistant: ['', 'assistant'],
  [WITH_TOOL]: ['', 'assistant tool', WITH_TOOL],
};

/** @returns what is wrong, in words */
export function checkHistory(log: ChatLog, chat: RestingChat): string[] {
  const said = [...chat.messages.filter(({ role }) => role === 'user').map(textOf), ...chat.queued];
  const accepted = log.accepted.map(({ text }) => text);
  if (said.join('\n') !== accepted.join('\n')) {
    return [`the person's messages are ${JSON.stringify(said)} and not ${JSON.stringify(accepted)}`];
  }
  const turns = turnsOf(log, chat);
  const problems = turns.flatMap((turn, place) => checkTurn(turn, place === turns.length - 1));
  const allowed = restsIn(turns.at(-1));
  if (!allowed.includes(chat.status)) problems.push(`it rests in ${chat.status} and not in ${allowed.join(' or ')}`);
  if (chat.status === 'waiting' && chat.queued.length > 0) problems.push('messages are queued, and nobody is at work');
  return problems;
}

function turnsOf(log: ChatLog, chat: RestingChat): Turn[] {
  const turns: (Turn & { cuts: Set<Cut['kind']> })[] = [];
  for (const message of chat.messages) {
    const asked = log.accepted[turns.length];
    if (message.role !== 'user') turns.at(-1)?.answers.push(message);
    else if (asked) turns.push({ asked, revision: message.revision, answers: [], cuts: new Set() });
  }
  for (const cut of log.cuts) {
    if (cut.kind === 'unknown') for (const turn of turns) turn.cuts.add('unknown');
    else turns.findLast(({ revision }) => revision < cut.version)?.cuts.add(cut.kind);
  }
  return turns;
}

function checkTurn({ asked, answers: all, cuts }: Turn, isLast: boolean): string[] {
  const { word } = asked;
  const mayBeStopped = cuts.has('stopped') || cuts.has('unknown');
  const answers = mayBeStopped ? withoutNote(all) : all;
  const roles = answers.map(({ role }) => role).join(' ');
  const allowed = new Set<string>();
  if (mayBeStopped) for (const some of STOPPED[WHOLE[word]] ?? []) allowed.add(some);
  if (word !== 'hold' || cuts.has('cancelled') || cuts.has('unknown')) allowed.add(WHOLE[word]);
  if (word === 'hold' && isLast && !cuts.has('stopped') && !cuts.has('cancelled')) allowed.add('assistant');
  const at = `after ${JSON.stringify(asked.text)}`;
  if (!allowed.has(roles)) return [`${at} there is [${roles}] and not [${[...allowed].join('] or [')}]`];
  const isOpen = word === 'hold' && answers.length === 1;
  const problems = checkCalls(answers, isOpen, cuts);
  if (!isOpen) problems.push(...checkText(asked, answers, mayBeStopped));
  return problems.map((what) => `${at} ${what}`);
}

/** The answers of a turn that was stopped: where nothing was being said, a message without parts notes the stop. */
const withoutNote = (answers: Turn['answers']): Turn['answers'] => {
  const last = answers.at(-1);
  const isNote = last?.role === 'assistant' && partsOf.parse(last.content).length === 0;
  return isNote ? answers.slice(0, -1) : answers;
};

/** Each call has one result, which is the one that was given unless the turn was cut. */
function checkCalls(answers: Turn['answers'], isOpen: boolean, cuts: Turn['cuts']): string[] {
  const parts = answers.flatMap(({ content }) => partsOf.parse(content));
  const idsOf = (type: string) => parts.filter((part) => part.type === type).map(({ toolCallId }) => toolCallId);
  const [calls, results] = [idsOf('tool-call'), idsOf('tool-result')];
  if (!isOpen && calls.join() !== results.join()) return [`the calls ${calls} have the results ${results}`];
  const cancelled = parts.some(
    (part) => part.type === 'tool-result' && JSON.stringify(part.output).includes('cancelled'),
  );
  return cancelled && cuts.size === 0 ? ['a call was cancelled, and nobody had asked for it'] : [];
}

const END = ' This answer comes from the built-in model, which always says the same. ';

function checkText({ word, text }: PlannedMessage, answers: Turn['answers'], mayBeStopped: boolean): string[] {
  const last = answers.findLast(({ role }) => role === 'assistant');
  const said = last ? textOf(last) : '';
  if (said === '') return last && !mayBeStopped ? ['the answer is empty'] : [];
  if (word === 'slow') return isCount(said) ? [] : [`the answer is ${said}`];
  const begin = WHOLE[word] === WITH_TOOL ? 'You said: The tool answered: ' : `You said: ${text}${END}`;
  const ok = mayBeStopped
    ? said.startsWith(begin) || begin.startsWith(said)
    : said.startsWith(begin) && said.endsWith(END);
  return ok ? [] : [`the answer is ${said}`];
}

/** `word-1 word-2 …`, without a hole. */
const isCount = (text: string) =>
  text
    .trim()
    .split(' ')
    .every((one, place) => one === `word-${place + 1}`);

function restsIn(last: Turn | undefined): string[] {
  if (!last) return ['nothing'];
  const { cuts, asked, answers } = last;
  const unstopped =
    asked.word === 'fail' ? 'error' : asked.word === 'hold' && answers.length === 1 ? 'requires_action' : 'waiting';
  if (cuts.has('unknown')) return [unstopped, 'waiting'];
  return [cuts.has('stopped') ? 'waiting' : unstopped];
}

function textOf({ content }: { readonly content: unknown }): string {
  return partsOf
    .parse(content)
    .map((part) => part.text ?? '')
    .join('');
}
