/** Commands that change something, and those that tell what was changed. They ask the person before they do it. */
import { type Command, InvalidArgumentError } from 'commander';
import { systemClock } from '../../common/clock.ts';
import { CHAT_ACTIONS, type ChatAction, shortName } from '../../domain/actions/names.ts';
import { uuidArgument } from '../arguments.ts';
import { asking } from './ask.ts';
import { type Asking, countUpTo, ofGateway, tell } from './commandLine.ts';
import { answerTo, canAsk, saysYes } from './confirm.ts';
import { askActions, askOffers, drain, takeOffer, type Wish } from './fix.ts';
import { askPlan, askPlans, chatsWith, followPlan, makePlan, runPlan, stopPlan } from './plans.ts';
import { findGateway } from './target.ts';

interface Acting extends Asking {
  readonly reason?: string;
  readonly dryRun?: true;
  readonly yes?: true;
}

interface Planning extends Acting {
  readonly finding?: string;
  readonly perSecond: number;
}

const note = (line: string) => console.error(line);

/** Adds the commands to the program. */
export function addActing(program: Command): void {
  const acting = (name: string, description: string): Command =>
    ofGateway(
      program
        .command(name)
        .description(description)
        .option('--reason <text>', 'why, for the record: 5 to 500 characters')
        .option('--yes', 'do not ask')
        .option('--json', 'the data of the answer as JSON'),
    );
  const telling = (name: string, description: string): Command =>
    ofGateway(program.command(name).description(description)).option('--json', 'the data of the answer as JSON');

  acting('fix', 'what may be done to a chat; with --action, does it, and says whether it helped')
    .argument('<chat>', 'the chat’s id', uuidArgument)
    .option('--dry-run', 'take the whole way, and take it back')
    .option('--action <action>', 'the action, as the list names it: release, retry, interrupt, …')
    .action(fix);
  for (const [name, action, what] of [
    ['drain', 'DRAIN_REPLICA', 'tells a replica to take no more chats, and to hand over those that it has'],
    ['undrain', 'UNDRAIN_REPLICA', 'lets a replica take chats again'],
  ] as const) {
    acting(name, what)
      .argument('<replica>', 'the replica’s id', uuidArgument)
      .option('--dry-run', 'take the whole way, and take it back')
      .action(async (replica: string, options: Acting) => {
        const wish = await wishOf(options, `Really ${name} ${replica}?`);
        if (wish) tell(await drain(asking(findGateway(options)), action, replica, wish, systemClock), options);
      });
  }
  telling('actions', 'what was done to chats and replicas, by whom and why; the newest first')
    .option('--first <count>', 'how many at most, up to 100', countUpTo(100), 20)
    .option('--chat <chat>', 'only those on this chat', uuidArgument)
    .action(async (options: Asking & { first: number; chat?: string }) =>
      tell(await askActions(asking(findGateway(options)), options.first, options.chat), options),
    );
  acting('plan', 'one action on many chats: shows them for review, and then does it, one after the other')
    .argument('<action>', `the action: ${CHAT_ACTIONS.map(shortName).join(', ')}`, actionArgument)
    .argument(
      '[chats...]',
      'their ids; left out with --finding',
      (id, others: string[]) => [...others, uuidArgument(id)],
      [],
    )
    .option('--finding <code>', 'the chats of `stuck` that have this finding, 1,000 at most')
    .option('--per-second <count>', 'chats in a second, 0.1 to 20', rateArgument, 5)
    .action(plan);
  telling('run', 'runs a plan that was made, or follows one that runs')
    .argument('<plan>', 'the plan’s id', uuidArgument)
    .option('--per-second <count>', 'chats in a second, 0.1 to 20 (default: as before, and 5 at first)', rateArgument)
    .action(async (id: string, options: Asking & { perSecond?: number }) => {
      const ask = asking(findGateway(options));
      await runPlan(ask, id, options.perSecond ?? null);
      tell(await followPlan(ask, id, systemClock, note), options);
    });
  telling('stop', 'stops a plan for good: no further chat is begun')
    .argument('<plan>', 'the plan’s id', uuidArgument)
    .action(async (id: string, options: Asking) => tell(await stopPlan(asking(findGateway(options)), id), options));
  telling('plans', 'the plans, newest first; with an id, one of them and its chats')
    .argument('[plan]', 'the plan’s id', uuidArgument)
    .option('--first <count>', 'how many at most, up to 100', countUpTo(100), 20)
    .action(async (id: string | undefined, options: Asking & { first: number }) => {
      const ask = asking(findGateway(options));
      tell(await (id === undefined ? askPlans(ask, options.first) : askPlan(ask, id)), options);
    });
}

async function fix(chat: string, options: Acting & { action?: string }): Promise<void> {
  const ask = asking(findGateway(options));
  const found = await askOffers(ask, chat);
  const isAlone = options.json || !canAsk();
  if (options.action === undefined && isAlone) return tell(found.shown, options);
  // Whoever is asked has read what the action changes, also where a finding named it.
  if (options.action === undefined || !(isAlone || options.yes)) tell(found.shown, options);
  const action = options.action ?? (await answerTo('Which action? (empty: none)'));
  if (action === '') return;
  const wish = await wishOf(options, `Do ${action}?`);
  if (wish) tell(await takeOffer(ask, chat, found, action, wish, { clock: systemClock, note }), options);
}

async function plan(action: ChatAction, chats: readonly string[], options: Planning): Promise<void> {
  if ((options.finding === undefined) === (chats.length === 0)) {
    throw new Error('Name the chats, or give --finding: one of the two.');
  }
  if (options.reason === undefined && !canAsk()) throw new Error('Nothing was planned. Give --reason "<why>".');
  const ask = asking(findGateway(options));
  const { finding } = options;
  const chosen = finding === undefined ? chats : await chatsWith(ask, finding);
  const reason = options.reason ?? (await answerTo('Why? (5 to 500 characters, for the records)'));
  const made = await makePlan(ask, { action, chats: chosen, reason, findings: finding === undefined ? [] : [finding] });
  if (!options.yes && (options.json || !canAsk())) return tell(made.shown, options);
  if (!options.yes) tell(made.shown, options);
  if (!options.yes && !(await saysYes('Run it?'))) return;
  await runPlan(ask, made.id, options.perSecond);
  tell(await followPlan(ask, made.id, systemClock, note), options);
}

/** What the person wants, asked for where it was not given. Undefined: not to do it. */
async function wishOf(options: Acting, question: string): Promise<Wish | undefined> {
  const isSure = options.yes || options.dryRun; // what is taken back needs no yes
  if (!canAsk() && (options.reason === undefined || !isSure)) {
    throw new Error('Nothing was done. Without a person to ask, give --reason "<why>" and --yes, or --dry-run.');
  }
  const reason = options.reason ?? (await answerTo('Why? (5 to 500 characters, for the record)'));
  const isWanted = isSure || (await saysYes(question));
  return isWanted ? { reason, dryRun: options.dryRun } : undefined;
}

function rateArgument(value: string): number {
  const rate = Number(value);
  if (/^\d+(\.\d+)?$/.test(value) && rate >= 0.1 && rate <= 20) return rate;
  throw new InvalidArgumentError('It must be a number from 0.1 to 20.');
}

function actionArgument(value: string): ChatAction {
  const action = CHAT_ACTIONS.find((one) => shortName(one) === value);
  if (action) return action;
  throw new InvalidArgumentError(`It must be one of ${CHAT_ACTIONS.map(shortName).join(', ')}.`);
}
