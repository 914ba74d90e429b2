/** Reasons of an outcome by which more than people judges: who routes says them, and the diagnosis knows them. */

export const NOT_AN_ALLOWED_ADDRESS = 'Its address is not one that replicas may be asked at; nothing was sent.';
