/** A bundle, shown by the parts of a live chat and marked as a photograph: nothing of it moves. */
import { useMemo } from 'preact/hooks';
import { type Bundle, judge } from '../data/bundles.ts';
import { photoOf } from '../data/photo.ts';
import { linkTo } from '../data/route.ts';
import { momentOf } from '../data/time.ts';
import { isUuid } from '../data/uuid.ts';
import { ChatView } from './chatView.tsx';

export function Photograph({ bundle, name }: { bundle: Bundle; name: string }) {
  const photo = useMemo(() => {
    const all = bundle.snapshot.everywhere ? judge(bundle, 'everywhere') : undefined;
    return photoOf(bundle, judge(bundle, 'owner'), all);
  }, [bundle]);
  const { chat, past, everywhere, atMs } = photo;
  const { takenBy, anonymous, versions, notAnswered, diagnosis } = bundle;
  return (
    <>
      <div class="photo">
        <p>
          <b>Photograph, not live.</b> {name}:{' '}
          {atMs === undefined ? 'it does not say when it was taken' : `taken at ${momentOf(atMs)}`}
          {takenBy?.sub ? ` by ${takenBy.sub}` : ''}. Nothing on it moves; ages are those of that moment.{' '}
          {anonymous ? 'It is anonymous: its ids are pseudonyms.' : null}
          {!anonymous && isUuid(bundle.snapshot.chatId) ? (
            <a href={linkTo(`chats/${bundle.snapshot.chatId}`)}>This chat now</a>
          ) : null}
        </p>
        {diagnosis && diagnosis.verdict !== chat.diagnosis.verdict ? (
          <p>
            The rules of this console say {chat.diagnosis.verdict}; those that it was taken with said{' '}
            {diagnosis.verdict}.
          </p>
        ) : null}
        {bundle.snapshot.database ? null : <p>The row is not in it: only the memory is shown.</p>}
        {(notAnswered ?? []).length > 0 ? (
          <details>
            <summary>Not in it, because it was not answered ({notAnswered?.length})</summary>
            <ul>
              {(notAnswered ?? []).slice(0, 50).map(({ path, code }) => (
                <li key={path}>
                  <code>{path.slice(0, 200)}</code> {code}
                </li>
              ))}
            </ul>
          </details>
        ) : null}
        <p class="count">
          Made by version {versions?.tool ?? 'not known'}. There are no titles and no words of messages in it.
        </p>
      </div>
      <div class="photographed">
        <ChatView
          chat={chat}
          atMs={atMs ?? 0}
          isPhoto
          past={past}
          everywhere={everywhere && { asked: { data: everywhere, problems: [], atMs: atMs ?? 1 } }}
        />
      </div>
    </>
  );
}
