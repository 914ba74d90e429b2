/**
 * A provider's own words, made fit for `last_error`: short, on one line, without keys, URLs, addresses and quoted
 * content. Pure.
 */

const LONGEST_MESSAGE = 500;
/** Characters; shorter quotes are names of parameters and models, longer ones may be a person's words. */
const LONGEST_QUOTED = 20;
/** Characters that are looked at; the rest is never shown. */
const LOOKED_AT = 10_000;

const INVISIBLE = /[\p{Cc}\p{Cf}\p{Cs}\p{Co}\p{Cn}]/gu;
const URLS = /\b[a-z][a-z0-9+.-]*:\/\/\S+|(?<![\w:/])\/\/\w\S+/gi;
/** Addresses with a port, or as numbers. A name of one part counts only where a connection is spoken of. */
const ADDRESSES =
  /(?<![\w.])(?:(?:\d{1,3}\.){3}\d{1,3}(?::\d+)?(?!\.?\d)|\[[0-9a-f:]*:[0-9a-f:.]+\](?::\d+)?|(?:localhost|[a-z0-9-]+(?:\.[a-z0-9-]+)+):\d{2,5}\b|(?<=\b(?:tcp|host|to|upstream|connect|ECONN[A-Z]+) )[a-z][\w-]*:\d{2,5}\b)/gi;
const SECRET_NAME =
  /(?<![A-Za-z0-9])((?:(?:api|access|auth|client|private|refresh|session)[ _-]?)?(?:key|token|secret|password|passwd)|authorization)/
    .source;
const SECRET_VALUE = /(?!\[)("[^"]*"|'[^']*'|\x60[^\x60]*\x60|(?:(?:bearer|basic)\s+)?[^\s"'\x60]{4,})/.source;
/** Secrets in headers, URLs and JSON. The value may be quoted, and may name a scheme first. */
const GIVEN_SECRETS = new RegExp(`${SECRET_NAME}(["'\x60]?)(\\s+provided)?\\s*[:=]\\s*${SECRET_VALUE}`, 'gi');
const TOLD_SECRETS = new RegExp(`${SECRET_NAME}(\\s+provided)?\\s+(?!\\[)(?=\\S*\\d)\\S{4,}`, 'gi');
/** Secrets after a scheme, told apart from ordinary words that follow it. */
const SCHEMES = /\b([Bb]earer|BEARER|[Bb]asic|BASIC)\s+(?!\[)(?=\S*\d|\S*[a-z][A-Z]|\S{16})\S{4,}/g;
const KEYS = /\b(?:sk|pk|rk|gsk|xai|ghp|gho|hf|AKIA|AIza|eyJ)[-_A-Za-z0-9*.]{8,}/g;
/** Letters and digits mixed without a pause, unlike any word or name of a model. */
const RANDOM = /(?<![A-Za-z0-9])(?=[A-Za-z0-9+/=*]{0,60}\d)(?=[A-Za-z0-9+/=*]{0,60}[A-Za-z])[A-Za-z0-9+/=*]{20,}/g;
const QUOTED = [
  /„([^“”"]*)([“”"]|$)/g,
  /「([^」]*)(」|$)/g,
  /『([^』]*)(』|$)/g,
  /(?<![\p{L}\p{N}])‘((?:[^’]|(?<=[\p{L}\p{N}])’(?=[\p{L}\p{N}]))*)(’|$)/gu,
  /"((?:\\.|[^"\\])*)("|$)/g,
  /`([^`]*)(`|$)/g,
  /“([^”]*)(”|$)/g,
  /«([^»]*)(»|$)/g,
  /(?<![\p{L}\p{N}])'((?:\\.|[^'\\]|(?<=[\p{L}\p{N}])'(?=[\p{L}\p{N}]))*)('|$)/gu,
];

export function providerWords(text: string): string {
  const line = text.slice(0, LOOKED_AT).replace(/\s+/g, ' ').replace(INVISIBLE, '').trim();
  const unquoted = QUOTED.reduce(
    (masked, pattern) =>
      masked.replace(pattern, (whole: string, inner: string) => (inner.length > LONGEST_QUOTED ? '"[…]"' : whole)),
    line,
  );
  const masked = unquoted
    .replace(URLS, '[URL]')
    .replace(ADDRESSES, '[address]')
    .replace(KEYS, '[key]')
    .replace(GIVEN_SECRETS, '$1$2: [key]')
    .replace(TOLD_SECRETS, '$1: [key]')
    .replace(SCHEMES, '$1: [key]')
    .replace(RANDOM, '[key]');
  return shortened(masked);
}

/** Shortens to the limit of `last_error`, counted in whole characters. */
export const shortened = (message: string): string => [...message].slice(0, LONGEST_MESSAGE).join('');
