/** Platform of the tables: this project's own, or a Coder deployment. */
export type PlatformName = 'own' | 'coder';
