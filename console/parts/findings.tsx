/** Why the chat has its verdict: each finding with its evidence, its step, and its section of the runbook. */
import type { Judgement } from '../data/operations.ts';
import { Severity } from './badge.tsx';
import { EvidenceList } from './evidence.tsx';
import { copy } from './notice.tsx';
import { Runbook } from './runbook.tsx';

interface FindingsProps {
  readonly findings: Judgement['findings'];
  readonly chatId: string;
  /** Set apart from others of the page. */
  readonly label?: string;
}

export const Findings = ({ findings, chatId, label = 'Findings' }: FindingsProps) => (
  <section class="findings" aria-label={label}>
    {findings.length === 0 ? <p class="none">No finding: nothing speaks against this chat.</p> : null}
    {findings.map(({ code, severity, message, suggestion, evidence }, i) => (
      <article key={code} class="finding" data-severity={severity}>
        <h2>
          <Severity severity={severity} /> <code>{code}</code>
        </h2>
        <p>{message}</p>
        {suggestion ? <Suggestion text={suggestion} /> : null}
        {i === 0 ? (
          <EvidenceList evidence={evidence} />
        ) : (
          <details>
            <summary>Evidence ({evidence.length})</summary>
            <EvidenceList evidence={evidence} />
          </details>
        )}
        <Runbook code={code} chatId={chatId} />
      </article>
    ))}
  </section>
);

/** The step, and the command for it. The pointer to the runbook is left out: its section is below. */
function Suggestion({ text }: { text: string }) {
  const step = text.replace(/ See docs\/runbook\.md#\S+/, '');
  const command = /`([^`]+)`/.exec(step)?.[1];
  return (
    <p class="step">
      <b>Do</b> {step.replace(/ ?`[^`]+`/, '')}{' '}
      {command ? (
        <span class="command">
          <code>{command}</code>
          <button type="button" onClick={() => copy('The command', command)}>
            Copy
          </button>
        </span>
      ) : null}
    </p>
  );
}
