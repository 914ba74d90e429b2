import { expect, test } from '@jest/globals';
import { parse } from 'graphql';
import { refuseConditionalRoot } from '../../../server/graphql/subscriptionRoot.ts';

const codeOf = (text: string) => refuseConditionalRoot(parse(text))?.body.errors[0].extensions?.code;

test.each([
  'subscription { a @skip(if: true) }',
  'subscription ($b: Boolean!) { a @include(if: $b) }',
  'subscription ($b: Boolean!) { ... @include(if: $b) { a } }',
  'subscription ($b: Boolean!) { ... on Subscription { ...F @skip(if: $b) } } fragment F on Subscription { a }',
  '{ a } subscription ($b: Boolean!) { ...F } fragment F on Subscription { a @skip(if: $b) }',
])('%s is refused', (text) => {
  expect(codeOf(text)).toBe('GRAPHQL_VALIDATION_FAILED');
});

test.each([
  '{ a @skip(if: true) }',
  'subscription { a { b @skip(if: true) } }',
  'subscription { a } fragment F on Subscription { a @skip(if: true) }',
  'subscription { ...F } fragment F on Subscription { ...F a }',
])('%s is not', (text) => {
  expect(codeOf(text)).toBeUndefined();
});
