/** `chat-debug diff`: says what changed from one bundle to another. */
import { type Changes, changesBetween, momentOf } from '../../domain/bundle/changes.ts';
import type { Bundle } from '../../domain/bundle/format.ts';
import { judge } from '../../domain/bundle/judge.ts';
import type { Finding } from '../../domain/diagnosis/diagnosis.ts';
import { secondsText } from '../../domain/diagnosis/wording.ts';
import { cleaned } from './cleaned.ts';
import { blocks, fields, lines, type Page, paragraph, type Row, verdictText } from './layout.ts';
import { codeOf, type Shown } from './shown.ts';

/** Shows the changes. It ends as `why` does on the second bundle. */
export function diffOf(first: Bundle, second: Bundle): Shown {
  const changes = changesBetween(first, second);
  const { verdict } = judge(second, 'owner');
  return {
    json: changes,
    problems: [],
    code: codeOf(verdict),
    text: (page) => {
      const heading = `${verdictText(page, verdict)}  chat ${cleaned(second.snapshot.chatId)}`;
      return blocks(paragraph(page, heading), paragraph(page, spanText(first, second)), changesText(page, changes));
    },
  };
}

function spanText(first: Bundle, second: Bundle): string {
  const { secondsLater, cautions } = changesBetween(first, second);
  const later =
    secondsLater === null ? '' : `, ${secondsText(Math.abs(secondsLater))} ${secondsLater < 0 ? 'earlier' : 'later'}`;
  const moments = `From ${momentOf(first) ?? 'an unknown time'} to ${momentOf(second) ?? 'an unknown time'}${later}.`;
  return [moments, ...cautions].join(' ');
}

function changesText(page: Page, changes: Changes): string {
  const { bold } = page.paint;
  const { happened, changed, unchanged, came, went, weighed } = cleaned(changes) as Changes;
  const findings = [
    ...came.map((one): [string, string] => ['came', findingText(one)]),
    ...went.map((one): [string, string] => ['went', findingText(one)]),
    ...weighed.map(({ before, after }): [string, string] => ['now', `${findingText(after)} (was ${before.severity})`]),
  ];
  return blocks(
    lines(bold('Findings'), findings.length > 0 ? fields(page, findings) : paragraph(page, 'The same in both.', 2)),
    lines(
      bold('Changed'),
      changed.length > 0
        ? fields(
            page,
            changed.map(({ what, before, after }) => [what, `${before} → ${after}`]),
          )
        : paragraph(page, 'Nothing.', 2),
    ),
    happened.length > 0 ? lines(bold('Happened'), fields(page, happenedRows(happened))) : '',
    unchanged.length > 0 ? paragraph(page, `Unchanged: ${unchanged.join(', ')}.`) : '',
  );
}

/** Events by their time of day; the date stands above. */
const happenedRows = (happened: Changes['happened']): Row[] =>
  happened.map(({ at, what }) => [/T([\d:]{8})/.exec(at)?.[1] ?? at, what]);

const findingText = ({ severity, code, message }: Finding) => `${severity} ${code}: ${message}`;
