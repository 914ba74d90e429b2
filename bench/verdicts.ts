/**
 * Do the findings on chats name what is wrong with them? Random faults hit three replicas and 300 chats; with
 * `--healthy`, two thousand chats are left alone.
 */
import { Command } from 'commander';
import type { FleetDiagnosis } from '../test/diagnosis/fleet/fleet.ts';
import { runHealthy } from '../test/diagnosis/fleet/healthyRun.ts';
import { figuresOf, isRight, runVerdicts } from '../test/diagnosis/fleet/verdictRun.ts';
import { withDatabase } from './support/postgres.ts';
import { printTable, shown } from './support/table.ts';

const FAULTY_CHATS = 300;
const HEALTHY_CHATS = 2_000;

interface Options {
  readonly seed: number;
  readonly chats?: number;
  readonly healthy?: true;
}

const describe = ({ findings }: FleetDiagnosis) =>
  findings
    .map(({ code, severity, evidence }) => {
      const values = evidence.map(({ field, value }) => `${field} = ${value}`);
      return `${severity} ${code} (${values.join(', ')})`;
    })
    .join('; ');

async function faulty({ seed, chats = FAULTY_CHATS }: Options): Promise<void> {
  await withDatabase(async ({ url }) => {
    const { judged, log } = await runVerdicts({ databaseUrl: url, chats, seed });
    console.log(log.join('\n'));
    const ratio = (part: number, whole: number) => (whole === 0 ? '' : shown(part / whole, 3));
    printTable(
      `Seed ${seed}, ${judged.length} chats: of each code, in how many chats it was to be found, and was?`,
      ['code', 'injected', 'found', 'precision', 'recall'],
      figuresOf(judged).map(({ code, injected, found, both }) => [
        ...[code, shown(injected), shown(found), ratio(both, found), ratio(both, injected)],
      ]),
    );
    const wrong = judged.filter((one) => !isRight(one));
    console.log(`${wrong.length} chats of which something else was found than was done to them`);
    for (const { chatId, injection, diagnosis } of wrong) {
      console.log(
        `${chatId} ${injection.place}, ${injection.kind}: ${injection.expects.join()} — ${describe(diagnosis)}`,
      );
    }
    process.exitCode = wrong.length > 0 ? 1 : 0;
  });
}

async function healthy({ seed, chats = HEALTHY_CHATS }: Options): Promise<void> {
  await withDatabase(async ({ url }) => {
    const { samples, actions, verdicts, falseAlarms } = await runHealthy({ databaseUrl: url, chats, seed });
    printTable(
      `Seed ${seed}: of ${shown(chats)} healthy chats, looked at ${shown(samples)} times, how often was anything found?`,
      ['chats', 'actions accepted', 'diagnoses', ...verdicts.keys(), 'with a WARNING or worse'],
      [[chats, actions, samples, ...verdicts.values(), falseAlarms.length].map((value) => shown(value))],
    );
    for (const { chatId, diagnosis } of falseAlarms)
      console.log(`${chatId}: ${diagnosis.summary} ${describe(diagnosis)}`);
    process.exitCode = falseAlarms.length > 0 ? 1 : 0;
  });
}

const options = new Command('npm run bench:verdicts --')
  .description('Compares what is found of chats with what was done to them.')
  .option('--seed <number>', 'what is done is drawn from it', Number, 1)
  .option('--chats <number>', `how many (default: ${FAULTY_CHATS}; healthy ones: ${HEALTHY_CHATS})`, Number)
  .option('--healthy', 'do nothing to them')
  .parse()
  .opts<Options>();
await (options.healthy ? healthy(options) : faulty(options));
