/** `npm run test:browser`: the tests that need a real browser, Debian's chromium. The other tests do without one. */
import base from './jest.config.js';

const { globalSetup, globalTeardown, testPathIgnorePatterns, ...rest } = base;
export default {
  ...rest,
  roots: ['<rootDir>/test/browser'],
  globalSetup: '<rootDir>/test/support/browserSetup.ts',
  maxWorkers: 1,
  // An hour of updates grows the heap by 8 to 13 %, where 10 % is the limit: `npm run test:browser -- --testPathIgnorePatterns=none consoleHour`.
  testPathIgnorePatterns: ['consoleHour'],
};
