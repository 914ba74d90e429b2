/**
 * Environment of the tests: Node's own globals in place of a realm for each file, and packages that each of jest's
 * workers loads once.
 *
 * What is the project's is loaded anew for each file, so that no file meets state of another. Packages are what takes
 * the time: Apollo, Prisma and GraphQL are a second of work, and run slowly until they are compiled.
 */
import { isBuiltin } from 'node:module';
import vm from 'node:vm';
import { TestEnvironment } from 'jest-environment-node';

/** Stands for Node's own realm where jest asks for a context, which Node itself calls undefined. */
const NODES_OWN = {};
const inNodesOwn = (options) => {
  const { context, parsingContext, ...rest } = options ?? {};
  return context === NODES_OWN || parsingContext === NODES_OWN ? rest : options;
};

/** What jest itself provides, and what is a file or a part of Node, is not a package's. */
const isOfPackage = (specifier) =>
  /^[@a-z]/i.test(specifier) &&
  specifier !== '@jest/globals' &&
  !isBuiltin(specifier) &&
  !/^(data|file):/.test(specifier);

/** Module of a package by its specifier. Node resolves it as for the sources: there is one `node_modules`. */
const packages = new Map();
function packageOf(specifier) {
  if (!packages.has(specifier)) packages.set(specifier, loadPackage(specifier));
  return packages.get(specifier);
}

async function loadPackage(specifier) {
  const exported = await import(specifier);
  const names = Object.keys(exported);
  const module = new vm.SyntheticModule(names, () => {
    for (const name of names) module.setExport(name, exported[name]);
  });
  await module.link(() => undefined);
  await module.evaluate();
  return module;
}

const { SourceTextModule, SyntheticModule, compileFunction } = vm;
vm.SourceTextModule = class extends SourceTextModule {
  constructor(code, { importModuleDynamically, ...options }) {
    super(code, {
      ...inNodesOwn(options),
      importModuleDynamically: (specifier, ...rest) =>
        isOfPackage(specifier) ? packageOf(specifier) : importModuleDynamically(specifier, ...rest),
    });
  }
  link(linker) {
    return super.link((specifier, ...rest) =>
      isOfPackage(specifier) ? packageOf(specifier) : linker(specifier, ...rest),
    );
  }
};
vm.SyntheticModule = class extends SyntheticModule {
  constructor(names, evaluate, options) {
    super(names, evaluate, inNodesOwn(options));
  }
};
vm.compileFunction = (code, names, options) => compileFunction(code, names, inNodesOwn(options));

const processListeners = () =>
  process.eventNames().flatMap((event) => process.listeners(event).map((listener) => [event, listener]));

/** Globals in which jest keeps a file's tests. Those of packages stay, since the packages do. */
const isOfJest = (key) => typeof key === 'symbol' && /JEST_STATE|EVENT_HANDLERS|RETRY|TEST_TIMEOUT/.test(String(key));

export default class OneRealm extends TestEnvironment {
  #before = Object.getOwnPropertyDescriptors(globalThis);
  #exit = process.exit;
  #listeners = processListeners();

  constructor(config, context) {
    super(config, context);
    this.global = globalThis;
    const { constructor: FakeTimers } = this.fakeTimersModern;
    this.fakeTimersModern = new FakeTimers({ config: config.projectConfig, global: globalThis });
  }

  getVmContext() {
    return NODES_OWN;
  }

  /** Puts back each global that a file has changed, and ends what it listens to at the process. */
  async teardown() {
    await super.teardown();
    process.exit = this.#exit; // jest replaces it for each file
    for (const [event, listener] of processListeners())
      if (!this.#listeners.some(([, before]) => before === listener)) process.removeListener(event, listener);
    for (const key of Reflect.ownKeys(globalThis)) {
      const before = Object.getOwnPropertyDescriptor(this.#before, key)?.value;
      if (before?.configurable) Object.defineProperty(globalThis, key, before);
      if (!before && isOfJest(key)) delete globalThis[key];
    }
  }
}
