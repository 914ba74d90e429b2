/**
 * GraphiQL out of this machine's own files: no CDN, no inline code, and a policy that lets the page reach only this
 * gateway.
 * It loads without a token and asks for one. Its paths are relative, so that a proxy's path prefix does no harm.
 */
import { readdirSync, readFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import type { FastifyInstance } from 'fastify';
import { FOR_BROWSERS } from './browsers.ts';
import { ASKED_AGAIN, answerWith } from './pages.ts';

const own = fileURLToPath(new URL('graphiql/', import.meta.url));
const require = createRequire(import.meta.url);
/** Defined in the output of `scripts/build.mjs`, which copies the packages' files, and only there. */
declare const IS_BUILT: true | undefined;
const inPackage = (name: string, folder: string) =>
  typeof IS_BUILT === 'undefined'
    ? join(dirname(require.resolve(`${name}/package.json`)), folder)
    : fileURLToPath(new URL('../../dist/graphiql/', import.meta.url));

/** Files below `/graphiql/`, with the folder of each. */
const FILES: Readonly<Record<string, string>> = {
  'page.js': own,
  'page.css': own,
  'favicon.svg': own,
  'graphiql.min.js': inPackage('graphiql', '.'),
  'graphiql.min.css': inPackage('graphiql', '.'),
  'react.production.min.js': inPackage('react', 'umd'),
  'react-dom.production.min.js': inPackage('react-dom', 'umd'),
};

const CONTENT_SECURITY_POLICY = [
  "default-src 'none'",
  "script-src 'self'",
  "style-src 'self'",
  "connect-src 'self'",
  "img-src 'self' data:",
  "font-src 'self' data:",
  "frame-ancestors 'none'",
].join('; ');

const OPTIONS = { policy: CONTENT_SECURITY_POLICY, caching: ASKED_AGAIN, vary: 'Accept' };

/** Query to start from. The operation's name is the title of its tab. */
interface ExampleQuery {
  /** Content of the example in a few words: the first line of its comment. */
  readonly title: string;
  readonly query: string;
  /** Variables as JSON text; empty if the query takes none. Words in place of ids say what to put there. */
  readonly variables: string;
}

/** Examples of the page, in the order of their tabs. */
export function exampleQueries(): ExampleQuery[] {
  const folder = join(own, 'examples');
  const files = readdirSync(folder).sort();
  return files
    .filter((file) => file.endsWith('.graphql'))
    .map((file) => {
      const query = readFileSync(join(folder, file), 'utf8');
      const variables = file.replace(/graphql$/, 'json');
      return {
        title: query.slice('# '.length, query.indexOf('\n')),
        query,
        variables: files.includes(variables) ? readFileSync(join(folder, variables), 'utf8').trim() : '',
      };
    });
}

/**
 * Adds the page at `/graphiql`, and at `/graphql` for browsers only: other clients reach the endpoint there.
 * Call it after `tellBrowsersApart`.
 * It also adds the files that the page needs, and no others. All are read now.
 */
export function registerGraphiql(app: FastifyInstance): void {
  const page = answerWith('index.html', readFileSync(join(own, 'index.html')), OPTIONS);
  app.get('/graphiql', page);
  app.get('/graphql', FOR_BROWSERS, page);
  for (const [file, folder] of Object.entries(FILES)) {
    app.get(`/graphiql/${file}`, answerWith(file, readFileSync(join(folder, file)), OPTIONS));
  }
  app.get('/graphiql/examples.json', answerWith('examples.json', JSON.stringify(exampleQueries()), OPTIONS));
}
