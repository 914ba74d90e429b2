/**
 * `npm run test:slow`: what people meet in the field and on another platform, made on a running system, and fleets under faults.
 * Each test takes seconds, not milliseconds.
 */
import base, { SLOW } from './jest.config.js';

/** Quick tests, too: here they try more of what is random. */
const MORE_OFTEN = [
  '/test/gateway/freshAnswers\\.test\\.ts$',
  '/test/gateway/execution/sameAsStock\\.test\\.ts$',
  '/test/prisma/chatEventsRandom\\.test\\.ts$',
  '/test/subgraphs/runtime/chatd/model\\.test\\.ts$',
];

const { testMatch, testPathIgnorePatterns, ...rest } = base;
export default {
  ...rest,
  globalSetup: '<rootDir>/test/support/slowSetup.ts',
  testRegex: [...SLOW, ...MORE_OFTEN],
  testTimeout: 120_000,
  maxWorkers: 4,
};
