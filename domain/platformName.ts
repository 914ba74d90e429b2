/** Platform of the tables: this project's own, a Coder deployment, or views over tables of another platform. */
export const PLATFORM_NAMES = ['own', 'coder', 'views'] as const;
export type PlatformName = (typeof PLATFORM_NAMES)[number];
