/** Reasons of an outcome that the router states and the diagnosis recognizes. */

export const NOT_AN_ALLOWED_ADDRESS = 'Its address is not one that replicas may be asked at; nothing was sent.';

/** End of the reason why a replica of another version refuses. */
export const DOES_NOT_KNOW_ALL = 'does not know all that was asked.';
