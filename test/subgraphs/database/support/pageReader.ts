/** The role that the page on Coder deployments has its reader make, with the grants that stand there and no others. */
import { blocksOf } from '../../../support/followedPage.ts';

const PAGE = 'docs/coder.md';
const PASSWORD = 'reader';

/**
 * Roles belong to the whole server: the caller picks a name of its own, and drops the role.
 * @returns the URL to connect with
 */
export async function pageReader(
  { pool, url }: { readonly pool: { query(sql: string): Promise<unknown> }; readonly url: string },
  role: string,
): Promise<string> {
  const reader = new URL(url);
  const values: Readonly<Record<string, string>> = { password: PASSWORD, database: reader.pathname.slice(1) };
  const grants = blocksOf(PAGE).find(({ language }) => language === 'sql');
  if (!grants) throw new Error(`${PAGE} has no block of SQL`);
  await pool.query(
    grants.code.replaceAll(/\bchat_debug\b/g, role).replaceAll(/<(\w+)>/g, (_, name: string) => {
      const value = values[name];
      if (value === undefined) throw new Error(`Nobody knows <${name}>`);
      return value;
    }),
  );
  reader.username = role;
  reader.password = PASSWORD;
  return reader.href;
}
