/** Incidents as text for a terminal. */
import { counted, listed, secondsText } from '../../domain/diagnosis/wording.ts';
import type { PageInfo, ShownIncident, WholeIncident } from './incidentsShape.ts';
import { blocks, columns, fields, lines, type Page, paragraph } from './layout.ts';

const WIDTHS = [36, 8, 13];

/** @param next place after the last one, where older ones may follow */
export function incidentsText(page: Page, incidents: readonly ShownIncident[], next: PageInfo): string {
  if (incidents.length === 0) return paragraph(page, 'There are no such incidents.');
  const open = incidents.filter(({ closedAt }) => closedAt === null).length;
  return blocks(
    lines(
      page.paint.bold(columns(page, WIDTHS, [['incident', 'state', 'for', 'began']])),
      ...incidents.map((one) => rowText(page, one)),
    ),
    lines(
      paragraph(page, `${counted(incidents.length, 'incident')}${next.hasNextPage ? ' so far' : ''}, ${open} open.`),
      ...(next.hasNextPage ? olderText(page, next) : []),
      paragraph(page, 'npm run chat-debug -- incident <incident> shows one, and writes its bundles.'),
    ),
  );
}

/** Lines on what follows. The cursor is no word that could be cut. */
const olderText = (page: Page, { endCursor }: PageInfo) => [
  paragraph(page, 'Older ones follow: --first shows more, and this goes on:'),
  `  --after ${endCursor}`,
];

const stateText = ({ paint }: Page, { closedAt, closeReason }: ShownIncident) =>
  closedAt === null ? paint.red('open') : (closeReason ?? 'closed').toLowerCase();

/** Moment in UTC without its seconds, as it fits into a line. */
const minuteText = (moment: string) => `${moment.slice(0, 16).replace('T', ' ')}Z`;

function rowText(page: Page, incident: ShownIncident): string {
  const { id, chatId, secondsOpen, openedAt, code, summary } = incident;
  return lines(
    columns(page, WIDTHS, [[id, stateText(page, incident), secondsText(secondsOpen), minuteText(openedAt)]]),
    paragraph(page, `chat ${chatId}`, 2),
    paragraph(page, `${code}: ${summary}`, 2),
  );
}

export function incidentText(page: Page, incident: WholeIncident): string {
  const { id, chatId, openedAt, closedAt, secondsOpen, verdict, summary, codes, workerIds, readings, bundles } =
    incident;
  return blocks(
    lines(
      page.paint.bold(paragraph(page, `incident ${id}`)),
      fields(page, [
        ['chat', chatId],
        ['state', stateText(page, incident)],
        ['began', openedAt],
        ...(closedAt === null ? [] : [['ended', closedAt] as const]),
        ['for', `${secondsText(secondsOpen)}, in ${counted(readings, 'reading')}`],
        ['verdict', verdict],
        ['causes', listed(codes)],
        ['owners', workerIds.length === 0 ? 'none' : listed(workerIds)],
      ]),
    ),
    paragraph(page, summary),
    lines(
      ...bundles.map(({ why, at, bytes }) => columns(page, [12, 24], [[why, at, `${Math.ceil(bytes / 1024)} KB`]])),
      paragraph(
        page,
        bundles.length === 0
          ? 'It keeps no bundle.'
          : 'Each is the whole bundle of that moment: -o <file> writes the first, or another by --why.',
      ),
    ),
  );
}
