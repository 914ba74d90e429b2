/** Faults of a database's URL, in words that do not repeat it, because it may hold a password. Pure. */

const ENCODE = 'its user and password must be percent-encoded, such as %40 for @, %2F for / and %23 for #';

/** Fault as a predicate of the URL; undefined: its form is good. */
export function databaseUrlProblem(url: string): string | undefined {
  if (!/^postgres(ql)?:\/\//.test(url)) return 'must start with postgres://';
  if (isCutShort(url) || !isDecodable(url)) return `is no URL that can be used: ${ENCODE}`;
  return URL.canParse(url) ? undefined : 'is no URL: check its host and port';
}

/** True if a `/`, `?` or `#` of a password ends its part of the URL early, and leaves an `@` behind it. */
function isCutShort(url: string): boolean {
  const [, host = '', rest = ''] = /^\w+:\/\/([^/?#]*)(.*)$/s.exec(url) ?? [];
  const isLeftBehind = !host.includes('@') && rest.includes('@') && !URL.canParse(url);
  return rest.includes('#') || rest.replace(/\?.*$/s, '').includes('@') || isLeftBehind;
}

function isDecodable(url: string): boolean {
  const [, user = ''] = /^\w+:\/\/([^/?#]*)@/.exec(url) ?? [];
  try {
    decodeURIComponent(user);
    return true;
  } catch {
    return false;
  }
}
