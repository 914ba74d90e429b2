/** `npm run test:slow`: what people meet in the field and on another platform, made on a running system. Each test takes seconds, not milliseconds. */
import base from './jest.config.js';

const { testPathIgnorePatterns, ...rest } = base;
export default { ...rest, roots: ['<rootDir>/test/field', '<rootDir>/test/upstream'], testTimeout: 120_000 };
