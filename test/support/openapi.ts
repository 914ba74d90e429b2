/** Answers, held against the OpenAPI document of the snapshot. */
import { readFileSync } from 'node:fs';
import { expect } from '@jest/globals';
import { AjvJsonSchemaValidator } from '@modelcontextprotocol/client/validators/ajv';
import * as z from 'zod';
import { OPENAPI_FILE } from '../../scripts/snapshotOpenapi.ts';

const schema = z.record(z.string(), z.unknown());
const openapi = z
  .object({
    paths: z.record(
      z.string(),
      z.object({
        get: z.object({
          responses: z.record(
            z.string(),
            z.object({ content: z.object({ 'application/json': z.object({ schema }) }) }),
          ),
        }),
      }),
    ),
    components: z.object({ schemas: z.record(z.string(), schema) }),
  })
  .parse(JSON.parse(readFileSync(OPENAPI_FILE, 'utf8')));
const responses = Object.values(openapi.paths)[0]?.get.responses ?? {};
const validator = new AjvJsonSchemaValidator();

/** The status is one that the document names, and the body has the shape that it gives. */
export function expectDocumented(status: number, body: unknown): void {
  const response = responses[String(status)];
  expect([status, Object.keys(responses)]).toEqual([status, expect.arrayContaining([String(status)])]);
  const shape: Record<string, unknown> = {
    ...response?.content['application/json'].schema,
    components: openapi.components,
  };
  const { valid, errorMessage } = validator.getValidator(shape)(body);
  expect({ status, valid, errorMessage }).toEqual({ status, valid: true, errorMessage: undefined });
}
