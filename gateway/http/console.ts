/**
 * The console: a program for browsers at `/`, built into `dist/console/`.
 * Its policy lets it reach only this gateway, runs no inline code, and lets no text become markup (Trusted Types).
 * Its paths are relative, so that a proxy's path prefix does no harm.
 */
import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import type { FastifyInstance, RouteHandlerMethod } from 'fastify';
import { ASKED_AGAIN, answerWith, KEPT } from './pages.ts';

const built = fileURLToPath(new URL('../../dist/console/', import.meta.url));

/** Paths of the console's pages, with the names of their files. What stands behind `:` is read by the page itself. */
const PAGES = {
  ...{ '/': 'fleet', '/keys': 'keys', '/replicas': 'replicas', '/incidents': 'incidents', '/actions': 'actions' },
  ...{ '/chats/:chat': 'chat', '/replicas/:replica': 'replica', '/incidents/:incident': 'incident' },
  ...{ '/actions/:plan': 'plan' },
};

/** File of the build that names what each page loads. It is not served. */
const PRELOADS = 'preloads.json';

const CONSOLE_POLICY = [
  "default-src 'none'",
  "script-src 'self'",
  "style-src 'self'",
  "connect-src 'self'",
  "img-src 'self'",
  "base-uri 'none'",
  "form-action 'none'",
  "frame-ancestors 'none'",
  "require-trusted-types-for 'script'",
  "trusted-types 'none'",
].join('; ');

const page = { policy: CONSOLE_POLICY, caching: ASKED_AGAIN, vary: 'Accept-Encoding' };
const file = { ...page, caching: KEPT };

/** Adds the pages, and below `/console/` the files that were built for them, and no others. All are read now. */
export function registerConsole(app: FastifyInstance): void {
  const files = existsSync(built) ? readdirSync(built) : [];
  const html = files.includes('index.html') ? readFileSync(join(built, 'index.html'), 'utf8') : NOT_BUILT;
  const preloads: Readonly<Record<string, readonly string[]>> = files.includes(PRELOADS)
    ? JSON.parse(readFileSync(join(built, PRELOADS), 'utf8'))
    : {};
  for (const [path, name] of Object.entries(PAGES)) {
    const whole = withPreloads(html, preloads[name]);
    const below = path.split('/').length > 2 ? whole.replaceAll(/(href|src)="(?=\w)/g, '$1="../') : whole;
    const shown = answerWith('index.html', below, page);
    app.get(path, path === '/' ? orGraphiql(shown) : shown);
  }
  for (const name of files.filter((one) => one !== 'index.html' && one !== PRELOADS && !one.startsWith('.'))) {
    app.get(`/console/${name}`, answerWith(name, readFileSync(join(built, name)), file));
  }
}

/** Page that lets the browser fetch all its files at once. */
function withPreloads(html: string, names: readonly string[] = []): string {
  const links = names.map((name) => `<link rel="modulepreload" href="console/${name}">`);
  return html.replace('</head>', `${links.join('')}</head>`);
}

/** Leads to GraphiQL where the address asks for a query, as links from before the console do. */
const orGraphiql = (shown: RouteHandlerMethod): RouteHandlerMethod =>
  function answer(request, reply) {
    const { search } = new URL(request.url, 'http://gateway');
    if (!/[?&]query=/.test(search)) return shown.call(this, request, reply);
    return reply.code(302).header('cache-control', 'no-store').header('location', `graphiql${search}`).send();
  };

const NOT_BUILT = `<!doctype html>
<html lang="en">
  <head><meta charset="utf-8"><title>chat-debug</title></head>
  <body><p>The console is not built. Run <code>npm run build</code>, and start the gateway again. <a href="graphiql">GraphiQL</a> works without it.</p></body>
</html>
`;
