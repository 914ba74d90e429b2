/** Words for chats that looked like trouble and are not stuck. */
import { secondsText } from '../../domain/diagnosis/wording.ts';
import type { Chat } from './stuckShape.ts';

/** Clause that names one chat of each kind; empty if all are well. */
export function othersText(others: readonly Chat[]): string {
  const waiting = others.filter(waitsForRoom).sort((a, b) => age(b) - age(a));
  const warned = others.filter((chat) => !waitsForRoom(chat) && isWarned(chat));
  const well = others.length - waiting.length - warned.length;
  if (well === others.length) return '';
  const parts = [
    waitingText(waiting),
    warned[0] &&
      `${warned.length} ${warned.length === 1 ? 'has' : 'have'} a warning, ${orSuchAs(warned)}${warned[0].chatId}`,
    well > 0 && `${well} ${well === 1 ? 'is' : 'are'} well`,
  ].filter(Boolean);
  return parts.length < 2 ? parts.join('') : `${parts.slice(0, -1).join('; ')}; and ${parts.at(-1)}`;
}

function waitingText([longest, ...more]: readonly Chat[]): string {
  if (!longest) return '';
  const { chatId, database } = longest;
  const since = secondsText(database.updatedAgeSeconds);
  return more.length === 0
    ? `1 waits for room, ${chatId}, for ${since}`
    : `${more.length + 1} wait for room, the longest, ${chatId}, for ${since}`;
}

const orSuchAs = ({ length }: readonly Chat[]) => (length === 1 ? '' : 'such as ');
const age = ({ database }: Chat) => database.updatedAgeSeconds ?? 0;
const waitsForRoom = ({ diagnosis }: Chat) => diagnosis.findings.some(({ code }) => code === 'CAPACITY_WAIT');
const isWarned = ({ diagnosis }: Chat) => diagnosis.findings.some(({ severity }) => severity !== 'INFO');
