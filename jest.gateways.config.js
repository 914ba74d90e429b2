/** `npm run test:gateways`: our supergraph behind gateways that are not ours, which the tests install from npm. */
import base from './jest.config.js';

const { testPathIgnorePatterns, ...rest } = base;
export default { ...rest, roots: ['<rootDir>/test/gateways'], testTimeout: 900_000 };
