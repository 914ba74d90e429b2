/**
 * `npm run compose`: makes gateway/supergraph.graphql from rover.yaml. With `--check` it only tells whether the file is
 * up to date.
 */
import { readFile, writeFile } from 'node:fs/promises';
import { composeServices } from '@apollo/composition';
import { parse } from 'graphql';
import { parse as parseYaml } from 'yaml';
import { z } from 'zod';

const root = new URL('../', import.meta.url);
const target = new URL('gateway/supergraph.graphql', root);
const roverFile = z.object({
  subgraphs: z.record(z.string(), z.object({ routing_url: z.string(), schema: z.object({ file: z.string() }) })),
});

const rover = roverFile.parse(parseYaml(await readFile(new URL('rover.yaml', root), 'utf8')));
const services = await Promise.all(
  Object.entries(rover.subgraphs).map(async ([name, { routing_url, schema }]) => {
    const typeDefs = parse(await readFile(new URL(schema.file, root), 'utf8'));
    return { name, url: routing_url, typeDefs };
  }),
);

const { errors, hints, supergraphSdl } = composeServices(services);
for (const problem of [...(errors ?? []), ...(hints ?? [])]) console.error(problem.toString());
if (!supergraphSdl || hints?.length) process.exit(1);

if (!process.argv.includes('--check')) {
  await writeFile(target, supergraphSdl);
} else if ((await readFile(target, 'utf8')) !== supergraphSdl) {
  console.error('gateway/supergraph.graphql is not what rover.yaml composes to. Run `npm run compose`.');
  process.exit(1);
}
