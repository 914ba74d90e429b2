/** Reasons of an outcome that the router states and the diagnosis recognizes. */

export const NOT_AN_ALLOWED_ADDRESS = 'Its address is not one that replicas may be asked at; nothing was sent.';
