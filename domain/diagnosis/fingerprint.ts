/** Fingerprint of what the rules say of every situation of the matrix. `npm run docs` makes this file. */
export const RULES_FINGERPRINT = '82603a17258d';
