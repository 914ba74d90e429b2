/**
 * Files that `npm run test:slow` runs: faults on running systems, most of the time waiting for what must take its time,
 * whole systems that are started and stopped, random rows by the thousand, and the package.
 */
export const SLOW = [
  '/test/adopting/.*\\.test\\.ts$',
  '/test/cli/(bundleCanary|bundleTroubles|chatDebug(Bundle|Incidents|Live)|fixTroubles|runbookExamples)\\.test\\.ts$',
  '/test/diagnosis/(?!coverage|settled).*\\.test\\.ts$',
  '/test/faults/faults\\.test\\.ts$',
  '/test/(field|upstream)/.*\\.test\\.ts$',
  '/test/gateway/(drain|hotReload|liveMoves|liveStreams|replicaFaults|replicaRestart|rollingRestart|rollingUpgrade|stockGateway)\\.test\\.ts$',
  '/test/gateway/inProcess/sameAnswers\\.test\\.ts$',
  '/test/local/(postgres|system)\\.test\\.ts$',
  '/test/package/.*\\.test\\.ts$',
  '/test/security/mutations\\.test\\.ts$',
  '/test/subgraphs/database/(oddValues|suspectRules)\\.test\\.ts$',
  '/test/subgraphs/diagnosis/(means|properties)\\.test\\.ts$',
  '/test/subgraphs/operator/races\\.test\\.ts$',
  '/test/subgraphs/recorder/(alerts|canary|death|takeovers)\\.test\\.ts$',
  '/test/subgraphs/runtime/chatd/(drainHanging|hugeAnswers)\\.test\\.ts$',
  '/test/system/.*\\.test\\.ts$',
  '/test/tracing\\.test\\.ts$',
];

/** Jest runs the TypeScript sources as ES modules. One embedded Postgres serves all files, each in a database of its own. */
export default {
  testEnvironment: '<rootDir>/test/support/oneRealm.mjs',
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
  /** More than the two cores that they are made for: half of a file’s time is waiting. */
  maxWorkers: 5,
  /** Modules are loaded anew for each file, and what was loaded before is not all given back. */
  workerIdleMemoryLimit: '1GB',
};
