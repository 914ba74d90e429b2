/** One incident, or a bundle file: the photograph, and another one beside it with what changed. */

import { IncidentActions, type IncidentSeen, OneIncident, type OneIncidentAnswer } from '../data/operations.ts';
import { go, linkTo, setState, stateOf } from '../data/route.ts';
import { hasRole } from '../data/session.ts';
import { lengthOf } from '../data/time.ts';
import { isUuid } from '../data/uuid.ts';
import { RecordRows } from '../parts/actRecords.tsx';
import { Severity, Verdict } from '../parts/badge.tsx';
import { useCommands } from '../parts/commands.ts';
import { Compared } from '../parts/compared.tsx';
import { DropBundle } from '../parts/dropBundle.tsx';
import { Guarded } from '../parts/guarded.tsx';
import { Id } from '../parts/id.tsx';
import { useAsk } from '../parts/live.ts';
import { copy } from '../parts/notice.tsx';
import { Photograph } from '../parts/photograph.tsx';
import { Problems } from '../parts/problems.tsx';
import { fileSource, type Source, useSource } from '../parts/sources.ts';
import { useTitle } from '../parts/title.ts';
import { When } from '../parts/when.tsx';

export default function IncidentPage({ id }: { id: string }) {
  return id === 'file' ? <FilePage /> : <StoredPage id={id.toLowerCase()} />;
}

/** A file, which stands in no address: whoever opens the link must open the file, too. */
function FilePage() {
  const place = stateOf('photo') || '0';
  const photo = useSource(fileSource(Number(place)));
  useTitle(photo && 'bundle' in photo ? `Photograph · ${photo.name}` : 'Bundle file');
  return (
    <>
      <div class="top">
        <h1>Bundle file</h1>
        <DropBundle
          onOpened={(opened) => go(linkTo('incidents/file', { photo: place, ...afterOpening(photo, opened) }))}
        />
      </div>
      <Photos photo={photo} />
    </>
  );
}

/** The second file stands beside the first; one that was not read makes room. */
const afterOpening = (photo: Source | undefined, opened: number) =>
  photo && 'bundle' in photo ? { with: fileSource(opened) } : { photo: String(opened) };

function StoredPage({ id }: { id: string }) {
  const { data, problems, atMs } = useAsk(OneIncident, { id }, isUuid(id) ? 'once' : undefined);
  const incident = data?.incident;
  const bundles = incident?.bundles ?? [];
  const chosen = stateOf('photo') || (bundles[0]?.id ?? '');
  const photo = useSource(bundles.length > 0 ? `${id}/${chosen}` : '');
  const mayAudit = hasRole('chat-debug:audit') !== false;
  const actions = useAsk(IncidentActions, { id }, incident && mayAudit ? 'once' : undefined);
  useTitle(
    incident ? `${incident.closedAt ? 'Past' : 'Open'} ${incident.code} · Incident` : `Incident ${id.slice(0, 8)}`,
  );
  useCommands([{ name: 'Copy the link', keys: 'y', run: () => void copy('The link', location.href) }], []);
  if (!incident) {
    return (
      <>
        <h1>Incident {id}</h1>
        <Problems problems={problems} />
        {isUuid(id) && atMs === 0 ? <p class="none">Asking…</p> : null}
        {!isUuid(id) || (atMs > 0 && problems.length === 0) ? (
          <p>There is no such incident, or you may not read it, or no recorder runs.</p>
        ) : null}
      </>
    );
  }
  return (
    <>
      <Head incident={incident} />
      <div class="top">
        <nav class="tabs" aria-label="Photographs of this incident">
          {bundles.map((one) => (
            <a
              key={one.id}
              href={linkTo(`incidents/${id}`, { photo: one.id, with: stateOf('with') })}
              {...(one.id === chosen && { 'aria-current': 'true' })}
            >
              {WHYS[one.why] ?? one.why} <When at={one.at} />
            </a>
          ))}
        </nav>
        <With id={id} bundles={bundles} chosen={chosen} />
        <DropBundle onOpened={(place) => setState({ with: fileSource(place) })} />
      </div>
      {bundles.length === 0 ? (
        <p class="none">No bundle is stored yet: the recorder takes one with its next round.</p>
      ) : null}
      <Photos photo={photo} />
      {mayAudit ? (
        <section aria-labelledby="taken">
          <h2 id="taken">Actions while it was open</h2>
          {actions.data?.incident?.actions ? null : <Problems problems={actions.problems} />}
          <RecordRows records={actions.data?.incident?.actions ?? []} isAsked={actions.atMs > 0} />
        </section>
      ) : null}
    </>
  );
}

const WHYS: Readonly<Record<string, string>> = {
  OPENED: 'when it opened',
  CODE_CHANGED: 'when its cause changed',
  CLOSING: 'when it was well again',
};

function Head({ incident }: { incident: IncidentSeen }) {
  const { id, chatId, closedAt, closeReason, openedAt, secondsOpen, code, codes, severity, verdict, summary } =
    incident;
  return (
    <>
      <div class="top chat">
        <Verdict verdict={verdict} />
        <h1>
          <code>{code}</code>
        </h1>
        <Severity severity={severity} />
        <Id id={id} />
        <span class="count">
          chat <Id id={chatId} of="chat" />
        </span>
      </div>
      <p class="summary">{summary}</p>
      <dl class="facts">
        <div>
          <dt>{closedAt ? 'was open for' : 'open for'}</dt>
          <dd>{lengthOf(secondsOpen)}</dd>
        </div>
        <div>
          <dt>opened</dt>
          <dd>
            <When at={openedAt} />
          </dd>
        </div>
        {closedAt ? (
          <div>
            <dt>closed</dt>
            <dd>
              <When at={closedAt} /> {closeReason}
            </dd>
          </div>
        ) : null}
        <div>
          <dt>causes</dt>
          <dd class="mono">{codes.join(', ')}</dd>
        </div>
        <div>
          <dt>owners</dt>
          <dd>
            {incident.workerIds.length === 0 ? 'none' : null}
            {incident.workerIds.map((one) => (
              <Id key={one} id={one} of="replica" bare />
            ))}
          </dd>
        </div>
        <div>
          <dt>readings</dt>
          <dd>{incident.readings}</dd>
        </div>
      </dl>
    </>
  );
}

interface WithProps {
  readonly id: string;
  readonly bundles: NonNullable<OneIncidentAnswer['incident']>['bundles'];
  readonly chosen: string;
}

/** Which photograph stands beside the chosen one. */
function With({ id, bundles, chosen }: WithProps) {
  const value = stateOf('with');
  const own = bundles.filter((one) => one.id !== chosen).map((one) => [`${id}/${one.id}`, WHYS[one.why] ?? one.why]);
  const others = value !== '' && !own.some(([source]) => source === value) ? [[value, nameOf(value)]] : [];
  if (own.length + others.length === 0) return null;
  return (
    <label class="choice">
      Beside it
      <select value={value} onChange={({ currentTarget }) => setState({ with: currentTarget.value })}>
        <option value="">nothing</option>
        {[...own, ...others].map(([source, name]) => (
          <option key={source} value={source}>
            {name}
          </option>
        ))}
      </select>
    </label>
  );
}

const nameOf = (source: string) => (source.startsWith('file/') ? 'the file' : `incident ${source.slice(0, 8)}`);

/** The photograph, below the comparison with the other one if one is chosen. */
function Photos({ photo }: { photo: Source | undefined }) {
  const other = useSource(stateOf('with'));
  return (
    <>
      {photo && !('bundle' in photo) ? <NotThere source={photo} /> : null}
      {other && !('bundle' in other) ? <NotThere source={other} /> : null}
      {photo && other && 'bundle' in photo && 'bundle' in other ? (
        <Guarded key={`${photo.name} ${other.name}`} what="What changed">
          <Compared first={photo} second={other} />
        </Guarded>
      ) : null}
      {photo && 'bundle' in photo ? (
        <Guarded key={photo.bundle.takenAt ?? photo.name} what={photo.name}>
          <Photograph {...photo} />
        </Guarded>
      ) : null}
    </>
  );
}

const NotThere = ({ source }: { source: Exclude<Source, { readonly bundle: unknown }> }) =>
  'why' in source ? (
    <p class="old" role="alert">
      <b>{source.name}</b> {source.why}
    </p>
  ) : (
    <p class="none">{source.name}: asking…</p>
  );
