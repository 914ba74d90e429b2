/** Jest runs the TypeScript sources as ES modules; one embedded Postgres serves all files, each in a database of its own. */
/** Files that `npm run test:slow` runs: each takes half a minute, most of it waiting for what must take its time. */
export const SLOW = [
  '/test/(field|upstream)/.*\\.test\\.ts$',
  '/test/diagnosis/(healthy|verdicts)\\.test\\.ts$',
  '/test/faults/faults\\.test\\.ts$',
  '/test/gateway/(replicaFaults|replicaRestart)\\.test\\.ts$',
];

export default {
  testEnvironment: 'node',
  roots: ['<rootDir>/test'],
  testMatch: ['**/*.test.ts'],
  testPathIgnorePatterns: ['/node_modules/', '/test/browser/', '/test/gateways/', ...SLOW],
  extensionsToTreatAsEsm: ['.ts'],
  transform: {
    '^.+\\.ts$': [
      '@swc/jest',
      { jsc: { parser: { syntax: 'typescript' }, target: 'es2022' }, module: { type: 'es6' } },
    ],
  },
  globalSetup: '<rootDir>/test/support/globalSetup.ts',
  globalTeardown: '<rootDir>/test/support/globalTeardown.ts',
  testTimeout: 60_000,
  maxWorkers: 2,
};
