/** `chat-debug why --from`: the diagnosis of a bundle. It asks nobody. */
import type { Bundle } from '../../domain/bundle/format.ts';
import { holds, judge, type View } from '../../domain/bundle/judge.ts';
import { NoAnswer } from './ask.ts';
import { cleaned } from './cleaned.ts';
import { blocks, paragraph } from './layout.ts';
import { codeOf, type Shown } from './shown.ts';
import { readDiagnosis, whyText } from './why.ts';

const NOT_EVERYWHERE =
  'The bundle does not hold what every replica had in memory. Its taker lacked the role chat-debug:read-all, or the gateway did not answer that.';

/** @throws NoAnswer if the bundle does not hold what the view needs */
export function whyFrom(bundle: Bundle, view: View): Shown {
  if (!holds(bundle, view)) throw new NoAnswer(NOT_EVERYWHERE, false);
  const { chatId, executionState, runtime } = bundle.snapshot;
  const status = runtime?.reachability?.status ?? 'not known';
  const chat = {
    chatId,
    executionState: executionState ?? 'not known',
    runtime: runtime && { reachability: { status } },
  };
  const found = judge(bundle, view);
  const shown = readDiagnosis(cleaned(found));
  const named = view === 'owner' ? { diagnosis: found } : { diagnosisEverywhere: found };
  return {
    json: { chatDebugSnapshot: { ...chat, ...named } },
    problems: [],
    code: codeOf(found.verdict),
    text: (page) =>
      blocks(
        whyText(page, cleaned(chat) as typeof chat, shown),
        ...notes(bundle, view, found.verdict).map((note) => paragraph(page, note)),
      ),
  };
}

/** Notes on what a reader must know of the file. */
function notes(bundle: Bundle, view: View, verdict: string): string[] {
  const { takenAt, takenBy, anonymous, answered } = bundle;
  const by = takenBy?.sub ? ` by ${cleaned(takenBy.sub)}` : '';
  const then = answered?.[view]?.verdict ?? null;
  const told = anonymous ? ' Its ids are pseudonyms.' : '';
  return [
    `From a bundle, taken ${takenAt ?? 'at an unknown time'}${by}: ages are as of then.${told}`,
    ...(then !== null && then !== verdict
      ? [`The gateway said ${then} then. Its rules, or its readings, were others.`]
      : []),
  ];
}
