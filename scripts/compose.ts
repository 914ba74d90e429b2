/**
 * `npm run compose`: makes gateway/supergraph.graphql from rover.yaml, and the console's operations from that. With
 * `--check` it only tells whether the files are up to date.
 */
import { readFile, writeFile } from 'node:fs/promises';
import { composeServices } from '@apollo/composition';
import { parse } from 'graphql';
import { parse as parseYaml } from 'yaml';
import * as z from 'zod';
import { apiSchemaOf, consoleFiles } from './consoleOperations.ts';

const root = new URL('../', import.meta.url);
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

const operations = consoleFiles(apiSchemaOf(supergraphSdl));
const made = {
  'gateway/supergraph.graphql': supergraphSdl,
  'console/data/operations.ts': operations.types,
  'console/operations.json': operations.manifest,
};
for (const [path, text] of Object.entries(made)) {
  const file = new URL(path, root);
  if (!process.argv.includes('--check')) {
    await writeFile(file, text);
  } else if ((await readFile(file, 'utf8')) !== text) {
    console.error(`${path} is not what its sources make. Run \`npm run compose\`.`);
    process.exit(1);
  }
}
