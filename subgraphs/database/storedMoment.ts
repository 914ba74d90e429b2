/** Text that Postgres makes of a timestamptz beyond RFC 3339. Pure. */

const TEXT = /^(\d{4,6})-(\d\d)-(\d\d) (\d\d):([0-5]\d):([0-5]\d)(?:\.\d{1,6})?\+00( BC)?$/;
const LAST_YEAR = 294_276;
/** Year BC of Postgres' first day, Julian day 0, 24 November. */
const FIRST_YEAR_BC = 4714;
/** Years after which the calendar repeats. */
const CYCLE_YEARS = 400;

/** True if Postgres reads the text as a moment. A client's text must not fail the whole question. */
export function isStoredMoment(text: string): boolean {
  if (text === 'infinity' || text === '-infinity') return true;
  const match = TEXT.exec(text);
  if (!match) return false;
  const [year = 0, month = 0, day = 0, hour = 0] = match.slice(1, 5).map(Number);
  const isBc = match[7] !== undefined;
  if (hour > 23 || year < 1 || year > (isBc ? FIRST_YEAR_BC : LAST_YEAR)) return false;
  if (isBc && year === FIRST_YEAR_BC && month * 100 + day < 1124) return false;
  return isDay(isBc ? 1 - year : year, month, day);
}

function isDay(year: number, month: number, day: number): boolean {
  const alike = 2 * CYCLE_YEARS + (((year % CYCLE_YEARS) + CYCLE_YEARS) % CYCLE_YEARS); // a year that Date knows as it is
  const date = new Date(Date.UTC(alike, month - 1, day));
  return date.getUTCMonth() === month - 1 && date.getUTCDate() === day;
}
