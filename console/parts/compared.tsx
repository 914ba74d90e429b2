/** Two photographs side by side: what changed from the first to the second, in the terminal's words. */
import { useMemo } from 'preact/hooks';
import { cut } from '../../domain/cut.ts';
import { type Bundle, changesBetween, judge, traitsOf } from '../data/bundles.ts';
import { lengthOf, momentOf } from '../data/time.ts';
import { Severity, Verdict } from './badge.tsx';

interface ComparedProps {
  readonly first: { readonly name: string; readonly bundle: Bundle };
  readonly second: { readonly name: string; readonly bundle: Bundle };
}

/** Most events that are listed. */
const MOST = 100;

export function Compared({ first, second }: ComparedProps) {
  const [changes, rows] = useMemo(() => {
    const [before, after] = [traitsOf(first.bundle), traitsOf(second.bundle)];
    const names = [...new Set([...Object.keys(before), ...Object.keys(after)])];
    const both = names.map((what) => ({ what, before: before[what] ?? '–', after: after[what] ?? '–' }));
    return [changesBetween(first.bundle, second.bundle), both] as const;
  }, [first.bundle, second.bundle]);
  const { secondsLater, cautions, happened, came, went, weighed } = changes;
  return (
    <section aria-labelledby="compared">
      <h2 id="compared">
        What changed{' '}
        <span class="count">
          {secondsLater === null
            ? 'the time between the two is not known'
            : `the second is ${lengthOf(secondsLater)} ${secondsLater < 0 ? 'older' : 'later'}`}
        </span>
      </h2>
      {cautions.map((words) => (
        <p key={words} class="old">
          {words}
        </p>
      ))}
      <table class="compare">
        <thead>
          <tr>
            <th scope="col">What</th>
            <Side {...first} label="First" />
            <Side {...second} label="Second" />
          </tr>
        </thead>
        <tbody>
          <tr data-differs={came.length + went.length + weighed.length > 0}>
            <th scope="row">findings</th>
            <Found bundle={first.bundle} marks={new Map(went.map(({ code }) => [code, 'went']))} />
            <Found
              bundle={second.bundle}
              marks={
                new Map([
                  ...came.map(({ code }) => [code, 'came'] as const),
                  ...weighed.map(({ after }) => [after.code, 'changed'] as const),
                ])
              }
            />
          </tr>
          {rows.map(({ what, before, after }) => (
            <tr key={what} data-differs={before !== after}>
              <th scope="row">
                {what} {before === after ? null : <span class="differs">≠</span>}
              </th>
              <td>{cut(before, 500)}</td>
              <td>{cut(after, 500)}</td>
            </tr>
          ))}
        </tbody>
      </table>
      {happened.length > 0 ? (
        <>
          <h3>What happened between the two</h3>
          <ol>
            {happened.slice(0, MOST).map(({ at, what }) => (
              <li key={`${at} ${what}`}>
                <span class="count">{at}</span> {what}
              </li>
            ))}
          </ol>
        </>
      ) : null}
    </section>
  );
}

function Side({ name, bundle, label }: ComparedProps['first'] & { label: string }) {
  const at = Date.parse(bundle.snapshot.takenAt ?? bundle.takenAt ?? '');
  const { verdict, summary } = judge(bundle, 'owner');
  return (
    <th scope="col">
      {label}: {name}
      <br />
      {Number.isNaN(at) ? 'at an unknown time' : momentOf(at)}
      <br />
      <Verdict verdict={verdict} /> {summary}
    </th>
  );
}

function Found({ bundle, marks }: { bundle: Bundle; marks: ReadonlyMap<string, string> }) {
  const { findings } = judge(bundle, 'owner');
  return (
    <td>
      {findings.length === 0 ? 'none' : null}
      {findings.map(({ code, severity }) => (
        <span key={code} class="line">
          <Severity severity={severity} /> <code>{code}</code>{' '}
          {marks.has(code) ? <span class="differs">{marks.get(code)}</span> : null}
        </span>
      ))}
    </td>
  );
}
