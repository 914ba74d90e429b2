/** Answers of a real run as examples of the documents: with ids and times that are the same after each run. */

const UUID = /[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}/g;
const MOMENT = /\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z/g;
/** Time to which the last moment of a run is moved. */
const LAST = Date.parse('2026-12-02T00:10:00.000Z');

/** JSON of the answers, with ids of their own, and all moments moved by the same time. */
export function settled(answers: object): string {
  const text = `${JSON.stringify(answers, undefined, 2)}\n`;
  const ids = [...new Set(text.match(UUID))];
  const moments = (text.match(MOMENT) ?? []).map((moment) => Date.parse(moment));
  const byMs = LAST - Math.max(...moments);
  return text
    .replace(UUID, (id) => `00000000-0000-4000-8000-${String(ids.indexOf(id) + 1).padStart(12, '0')}`)
    .replace(MOMENT, (moment) => new Date(Date.parse(moment) + byMs).toISOString());
}

/** The same without what differs from run to run. */
export const steadyExamples = (text: string): string => text.replace(MOMENT, 'TIME').replace(/: -?\d+(\.\d+)?/g, ': N');
