/** The platform whose tables this service reads. */
export const PLATFORM = 'own';
