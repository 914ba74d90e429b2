/** `npm run test:browser`: the tests that need a real browser, Debian's chromium. The other tests do without one. */
import base from './jest.config.js';

const { globalSetup, globalTeardown, testPathIgnorePatterns, ...rest } = base;
export default {
  ...rest,
  roots: ['<rootDir>/test/browser'],
  globalSetup: '<rootDir>/test/support/browserSetup.ts',
  /** A browser and its system are at rest for half of a test. */
  maxWorkers: 2,
};
