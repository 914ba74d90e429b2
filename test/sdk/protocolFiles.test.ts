/** The files made from the format of the runtime protocol are as `npm run docs` makes them. */
import { readFileSync } from 'node:fs';
import { expect, test } from '@jest/globals';
import { AjvJsonSchemaValidator } from '@modelcontextprotocol/client/validators/ajv';
import { PROTOCOL_TYPES } from '../../domain/protocol/format.ts';
import {
  PROTOCOL_FILES,
  protocolExamples,
  protocolOpenapi,
  protocolSchema,
  protocolTypes,
} from '../../scripts/protocol.ts';

test.each([
  ['schema', PROTOCOL_FILES.schema, protocolSchema],
  ['OpenAPI document', PROTOCOL_FILES.openapi, protocolOpenapi],
  ['types', PROTOCOL_FILES.types, protocolTypes],
])('the %s is not stale', (_, file, made) => {
  expect(readFileSync(file, 'utf8')).toBe(made());
});

/** Types of what is sent as a whole; the others are parts of these. */
const SENT = ['ReplicaAnswer', 'ChatsQuestion', 'ChatsAnswer', 'Problem'];

test('there is an example of everything that is sent', () => {
  expect(Object.keys(protocolExamples())).toEqual(SENT);
});

test.each(SENT)('the example of %s is as the schema has it, and stands in the OpenAPI document', (name) => {
  const example = protocolExamples()[name];
  const schema = { ...(JSON.parse(protocolSchema()) as object), $ref: `#/$defs/${name}` };
  const { valid, errorMessage } = new AjvJsonSchemaValidator().getValidator(schema)(example);
  expect({ valid, errorMessage }).toEqual({ valid: true, errorMessage: undefined });
  expect(PROTOCOL_TYPES.find((type) => type.meta()?.id === name)?.safeParse(example).error).toBeUndefined();
  expect(protocolOpenapi().replaceAll(/\s+/g, '')).toContain(
    `"example":${JSON.stringify(example)}`.replaceAll(/\s+/g, ''),
  );
});
