/** Fingerprint of what the rules say of every situation of the matrix. `npm run docs` makes this file. */
export const RULES_FINGERPRINT = '37d836cb2716';
