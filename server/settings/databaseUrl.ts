/** What is wrong with the URL of a database, said without it: it may hold a password. Pure. */

const ENCODE = 'its user and password must be percent-encoded, such as %40 for @, %2F for / and %23 for #';

/** As a predicate of the URL. Undefined: nothing is wrong with its form. */
export function databaseUrlProblem(url: string): string | undefined {
  if (!/^postgres(ql)?:\/\//.test(url)) return 'must start with postgres://';
  if (isCutShort(url) || !isDecodable(url)) return `is no URL that can be used: ${ENCODE}`;
  return URL.canParse(url) ? undefined : 'is no URL: check its host and port';
}

/** A `/`, `?` or `#` of a password ends the part of the URL that it stands in, and leaves an `@` behind it. */
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
