/** What happened to a chat: lanes that can be looked at closer, and a list that says the same. */

import { setState, stateOf } from '../data/route.ts';
import { clockOf, lengthOf } from '../data/time.ts';
import { type Happening, happeningsOf, lanesOf, type Past } from '../data/timeline.ts';
import { useCommands } from './commands.ts';
import { useMomentMs } from './moment.ts';
import { When } from './when.tsx';

/** Lengths that the lanes may show, in seconds. The last one stands for everything. */
const SPANS = [60, 300, 900, 3_600, 6 * 3_600, 86_400] as const;

export function Timeline({ past }: { past: Past }) {
  const nowMs = useMomentMs();
  const happenings = happeningsOf(past);
  const wholeSeconds = Math.max(10, (nowMs - Math.min(nowMs, ...happenings.map(({ fromMs }) => fromMs))) / 1_000);
  const spanSeconds = SPANS.find((one) => String(one) === stateOf('span')) ?? wholeSeconds * 1.02;
  const zoom = (step: 1 | -1) => {
    const spans = [...SPANS.filter((one) => one < wholeSeconds), 0];
    const at = spans.indexOf(Number(stateOf('span')));
    const next = spans[Math.min(Math.max((at < 0 ? spans.length - 1 : at) - step, 0), spans.length - 1)] ?? 0;
    setState({ span: next ? String(next) : '' });
  };
  useCommands(
    [
      { name: 'Zoom into the timeline', keys: '+', run: () => zoom(1) },
      { name: 'Zoom out of the timeline', keys: '-', run: () => zoom(-1) },
    ],
    [wholeSeconds, spanSeconds],
  );
  const fromMs = nowMs - spanSeconds * 1_000;
  const shareOf = (ms: number) => Math.min(Math.max((ms - fromMs) / (nowMs - fromMs), 0), 1) * 100;
  const seen = happenings.filter(({ fromMs: at, untilMs = at }) => untilMs >= fromMs);
  const ticks = [0, 0.25, 0.5, 0.75, 1].map((share) => fromMs + share * spanSeconds * 1_000);
  return (
    <section aria-labelledby="timeline">
      <h2 id="timeline">
        Timeline <span class="count">the last {lengthOf(spanSeconds)}</span>{' '}
        <button type="button" onClick={() => zoom(1)}>
          Closer <kbd>+</kbd>
        </button>{' '}
        <button type="button" onClick={() => zoom(-1)}>
          Wider <kbd>-</kbd>
        </button>
      </h2>
      {past.history === null ? (
        <p class="none">This database keeps no history. Owners and events are not known.</p>
      ) : null}
      <div
        class="lanes"
        role="img"
        aria-label="Lanes of owners, events, attempts, incidents and actions. The list below says the same."
      >
        {lanesOf(happenings).map((lane) => (
          <div key={lane} class="lane">
            <span class="name">{lane.length === 36 ? lane.slice(0, 8) : lane}</span>
            <span class="track">
              {seen
                .filter((one) => one.lane === lane)
                .map(({ key, fromMs: at, untilMs, words, isTrouble }) => (
                  <i
                    key={key}
                    title={`${clockOf(at)} ${words}`}
                    data-kind={untilMs === undefined ? 'point' : 'span'}
                    data-trouble={isTrouble}
                    style={{
                      left: `${shareOf(at)}%`,
                      ...(untilMs !== undefined && { width: `${shareOf(Math.min(untilMs, nowMs)) - shareOf(at)}%` }),
                    }}
                  />
                ))}
            </span>
          </div>
        ))}
        <div class="lane ticks">
          <span class="name" />
          <span class="track">
            {ticks.map((ms, i) => (
              <b key={ms} data-at={i} style={{ left: `${shareOf(ms)}%` }}>
                {clockOf(ms)}
              </b>
            ))}
          </span>
        </div>
      </div>
      <List happenings={[...seen].reverse()} hasMore={past.history?.pageInfo.hasNextPage ?? false} />
    </section>
  );
}

const SHOWN = 25;

function List({ happenings, hasMore }: { happenings: readonly Happening[]; hasMore: boolean }) {
  const isWhole = stateOf('events') === 'all';
  const shown = isWhole ? happenings : happenings.slice(0, SHOWN);
  return (
    <>
      <table class="plain happenings">
        <thead>
          <tr>
            <th scope="col">When</th>
            <th scope="col">What</th>
            <th scope="col">By</th>
          </tr>
        </thead>
        <tbody>
          {shown.map(({ key, fromMs, words, by, isTrouble }) => (
            <tr key={key}>
              <td>
                <When at={new Date(fromMs).toISOString()} />
              </td>
              <td>
                {isTrouble ? <span class="bad">! </span> : ''}
                {words}
              </td>
              <td>{by ?? ''}</td>
            </tr>
          ))}
        </tbody>
      </table>
      {happenings.length > SHOWN ? (
        <button type="button" onClick={() => setState({ events: isWhole ? '' : 'all' })}>
          {isWhole ? 'Show fewer' : `Show all ${happenings.length}`}
        </button>
      ) : null}
      {hasMore ? (
        <p class="none">
          Older events are in GraphiQL: <code>history(first: 100, after: …)</code>.
        </p>
      ) : null}
    </>
  );
}
