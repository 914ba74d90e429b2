/** Keeps zod from compiling its shapes into code: the policy of this page forbids that, and reports each try. */
Object.assign(globalThis, { __zod_globalConfig: { jitless: true } });
