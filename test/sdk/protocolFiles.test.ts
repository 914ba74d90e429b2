/** The files made from the format of the runtime protocol are as `npm run docs` makes them. */
import { readFileSync } from 'node:fs';
import { expect, test } from '@jest/globals';
import { PROTOCOL_FILES, protocolOpenapi, protocolSchema, protocolTypes } from '../../scripts/protocol.ts';

test.each([
  ['schema', PROTOCOL_FILES.schema, protocolSchema],
  ['OpenAPI document', PROTOCOL_FILES.openapi, protocolOpenapi],
  ['types', PROTOCOL_FILES.types, protocolTypes],
])('the %s is not stale', (_, file, made) => {
  expect(readFileSync(file, 'utf8')).toBe(made());
});
