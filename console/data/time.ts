/** Times, ages and numbers in words. Pure. */

/** Length of time, in one or two units: `34 s`, `5 min`, `2 h 10 min`, `3 d 4 h`. A negative one lies ahead. */
export function lengthOf(seconds: number): string {
  const whole = Math.round(Math.abs(seconds));
  if (Math.abs(seconds) < 10) return `${Math.abs(Math.round(seconds * 10) / 10)} s`;
  if (whole < 120) return `${whole} s`;
  const minutes = Math.round(whole / 60);
  if (minutes < 120) return `${minutes} min`;
  const hours = Math.floor(minutes / 60);
  if (hours < 48) return minutes % 60 === 0 ? `${hours} h` : `${hours} h ${minutes % 60} min`;
  const days = Math.floor(hours / 24);
  return hours % 24 === 0 || days >= 14 ? `${days} d` : `${days} d ${hours % 24} h`;
}

/** Age: `5 min ago`, or `in 5 min` for what lies ahead. */
export const agoOf = (seconds: number): string =>
  seconds < -0.5 ? `in ${lengthOf(seconds)}` : seconds < 1.5 ? 'now' : `${lengthOf(seconds)} ago`;

const two = (number: number) => String(number).padStart(2, '0');

/** A number of things: `1 step`, `2 steps`. */
export const manyOf = (count: number, thing: string): string => `${count} ${thing}${count === 1 ? '' : 's'}`;

/** Local time of day. */
export const clockOf = (ms: number): string => {
  const at = new Date(ms);
  return `${two(at.getHours())}:${two(at.getMinutes())}:${two(at.getSeconds())}`;
};

/** Local date and time, with the offset from UTC. */
export function momentOf(ms: number): string {
  const at = new Date(ms);
  const offset = -at.getTimezoneOffset();
  const zone = `${offset < 0 ? '−' : '+'}${two(Math.floor(Math.abs(offset) / 60))}:${two(Math.abs(offset) % 60)}`;
  return `${at.getFullYear()}-${two(at.getMonth() + 1)}-${two(at.getDate())} ${clockOf(ms)} ${zone}`;
}
