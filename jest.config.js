/**
 * Files that `npm run test:slow` runs: faults on running systems, most of the time waiting for what must take its time, and
 * random rows by the thousand.
 */
export const SLOW = [
  '/test/(field|upstream)/.*\\.test\\.ts$',
  '/test/diagnosis/(?!coverage|settled).*\\.test\\.ts$',
  '/test/cli/(bundleCanary|bundleTroubles|runbookExamples)\\.test\\.ts$',
  '/test/faults/faults\\.test\\.ts$',
  '/test/gateway/(replicaFaults|replicaRestart|rollingRestart|rollingUpgrade)\\.test\\.ts$',
  '/test/subgraphs/database/(oddValues|suspectRules)\\.test\\.ts$',
  '/test/system/running\\.test\\.ts$',
];

/**
 * Packages that the tests load as a few files, which `globalSetup` makes of them. Jest loads each module anew for each test
 * file; a gateway's packages are thousands of modules, and took longer than most tests.
 */
export const PACKAGES = [
  ...['@ai-sdk/openai-compatible', '@ai-sdk/provider', '@apollo/composition', '@apollo/federation-internals', '@apollo/gateway'],
  ...['@apollo/query-planner', '@apollo/server', '@apollo/server/errors', '@apollo/server/plugin/disabled', '@apollo/subgraph'],
  ...['@apollo/subgraph/dist/schema-helper/index.js', '@fastify/cookie', '@fastify/cors', '@prisma/adapter-pg'],
  ...['@prisma/client/runtime/client', 'ai', 'commander', 'dataloader', 'eventsource-parser/stream', 'fast-check', 'fastify'],
  ...['graphql', 'graphql-scalars', 'graphql/execution/collectFields.js', 'graphql/execution/values.js', 'ipaddr.js', 'jose'],
  ...['lru-cache', 'pg', 'pino', 'prom-client', 'rate-limiter-flexible', 'undici', 'zod'],
];

/** Jest runs the TypeScript sources as ES modules. One embedded Postgres serves all files, each in a database of its own. */
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
  moduleNameMapper: { [`^(${PACKAGES.join('|').replaceAll('.', '\\.')})$`]: '<rootDir>/dist/test/packages/$1.js' },
  globalSetup: '<rootDir>/test/support/globalSetup.ts',
  globalTeardown: '<rootDir>/test/support/globalTeardown.ts',
  testTimeout: 60_000,
  /** More than the two cores that they are made for: a third of a file's time is waiting. */
  maxWorkers: 3,
  /** Modules are loaded anew for each file, and what was loaded before is not all given back. */
  workerIdleMemoryLimit: '1GB',
};
