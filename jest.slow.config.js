/**
 * `npm run test:slow`: what people meet in the field and on another platform, made on a running system, and fleets under faults.
 * Each test takes seconds, not milliseconds.
 */
import base, { SLOW } from './jest.config.js';

const { testMatch, testPathIgnorePatterns, ...rest } = base;
export default { ...rest, testRegex: SLOW, testTimeout: 120_000, maxWorkers: 2 };
