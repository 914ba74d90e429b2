/** The same question put to every replica: finds runners that should not be there. */
import { nameOr, shortName } from '../data/legible.ts';
import type { ChatEverywhereAnswer, WholeChat } from '../data/operations.ts';
import { Verdict } from './badge.tsx';
import { Findings } from './findings.tsx';
import { Id } from './id.tsx';
import type { Asked } from './live.ts';
import { MemoryOf } from './memory.tsx';
import { Problems } from './problems.tsx';
import { Age } from './when.tsx';

interface EverywhereProps {
  readonly chat: WholeChat;
  readonly asked: Asked<ChatEverywhereAnswer>;
  readonly again?: () => void;
}

export function Everywhere({
  chat: { chatId, database, diagnosis },
  asked: { data, problems, atMs },
  again,
}: EverywhereProps) {
  const found = data?.chatDebugSnapshot;
  const names = new Map(
    (data?.replicas ?? []).map(({ id, hostname }) => [id, shortName(nameOr(hostname, 'without a name'))]),
  );
  const judged = found?.diagnosisEverywhere;
  const more = judged?.findings.filter(({ code }) => !diagnosis.findings.some((one) => one.code === code)) ?? [];
  return (
    <section aria-labelledby="everywhere">
      <h2 id="everywhere">
        Every replica’s view{' '}
        <span class="count">
          {atMs ? (
            <>
              asked <Age seconds={0} atMs={atMs} />
            </>
          ) : (
            'asking…'
          )}
        </span>{' '}
        {again ? (
          <button type="button" onClick={again}>
            Ask again <kbd>e</kbd>
          </button>
        ) : null}
      </h2>
      {atMs && found && !found.everywhere ? (
        <p class="none">
          Only callers with the role <code>chat-debug:read-all</code> may ask every replica.
        </p>
      ) : null}
      {found?.everywhere ? null : <Problems problems={problems} />}
      {judged && judged.verdict !== diagnosis.verdict ? (
        <p>
          With all of them asked: <Verdict verdict={judged.verdict} /> {judged.summary}
        </p>
      ) : null}
      {more.length > 0 ? <Findings findings={more} chatId={chatId} label="Findings of all replicas" /> : null}
      <div class="columns">
        {(found?.everywhere ?? []).map((memory) => (
          <div key={memory.workerId} class="replica" data-owner={memory.workerId === database.workerId}>
            <h3>
              <Id id={memory.workerId} of="replica" name={names.get(memory.workerId)} />{' '}
              <span class="count">{memory.workerId.slice(0, 8)}</span>{' '}
              {memory.workerId === database.workerId ? 'owner' : ''}
            </h3>
            <MemoryOf memory={memory} atMs={atMs} />
          </div>
        ))}
      </div>
    </section>
  );
}
