/** Step of a request that a sample of the profiler belongs to, by the files and functions of its stack. */

/** V8's format: `.cpuprofile`. */
export interface Profile {
  readonly nodes: readonly ProfileNode[];
  readonly samples: readonly number[];
  /** Microseconds between a sample and the one before. */
  readonly timeDeltas: readonly number[];
}

interface ProfileNode {
  readonly id: number;
  readonly callFrame: { readonly functionName: string; readonly url: string; readonly lineNumber: number };
  readonly children?: readonly number[];
}

/** Only the samples of the last microseconds in which it was at work. */
export function lastOf(profile: Profile, microseconds: number): Profile {
  const idle = new Set(
    profile.nodes.filter(({ callFrame }) => callFrame.functionName === '(idle)').map(({ id }) => id),
  );
  const { samples, timeDeltas } = profile;
  let last = samples.length - 1;
  const isLong = (i: number) => (timeDeltas[i] ?? 0) > 0;
  while (last > 0 && (idle.has(samples[last] ?? 0) || !isLong(last))) last -= 1;
  let first = last;
  for (let sum = 0; first > 0 && sum < microseconds; first -= 1) sum += timeDeltas[first] ?? 0;
  return { ...profile, samples: samples.slice(first, last), timeDeltas: timeDeltas.slice(first, last) };
}

const OUTSIDE = '(not of requests)';
/** The first that fits `file#function` names the step of a frame. */
const STEPS: readonly (readonly [RegExp, string])[] = [
  [/^#\(idle\)$|warmUp\.ts|(make|schemaDidLoad\w*|coreSupergraph\w*)#|tsx\/|#\(program\)$|internal\/modules/, OUTSIDE],
  [/#\(garbage collector\)$/, 'garbage collection'],
  [/jose|callerToken|internalToken|internal\/crypto|identity\.ts/, 'tokens'],
  [/queryLimits|documentLimits|queryCost|askedQuery|allowedOperations/, 'limits (with their parse)'],
  [/inputCheck\.ts/, 'check of input'],
  [/graphql\/validation/, 'validate'],
  [/query-planner|query-graphs|federation-internals/, 'plan'],
  [/completion\.ts|leafRules\.ts/, 'merge: complete the answer'],
  [/graphqlRoute\.ts#textOf$/, 'serialise'],
  [/execution\/|operations\.ts|served\.ts|report\.ts/, 'merge: execute the plan'],
  [/transport\/|undici/, 'fetch: HTTP client, JSON'],
  [/routing\/|ask\//, 'fetch: routing'],
  [/graphql\/(execution|type)/, 'merge: execute the plan'],
  [/requestLog|pino|sonic-boom|metrics\.ts|prom-client/, 'log and metrics'],
  [/clientErrors|errorPlaces/, 'errors'],
  [/@apollo\/server|@apollo\/utils|@as-integrations/, 'Apollo Server'],
  [/fastify|node:_http|node:http|node:net|internal\/streams|stream|cookie|server\.ts|httpApp/, 'HTTP server'],
];

const shortOf = ({ callFrame: { url, functionName } }: ProfileNode): string =>
  `${url.replace(/^.*\/node_modules\//, '').replace(/^file:.*\/(?=[^/]+\/[^/]+$)/, '')}#${functionName}`;

const stepOf = (node: ProfileNode): string | undefined => STEPS.find(([pattern]) => pattern.test(shortOf(node)))?.[1];

/** Microseconds by what `nameOf` says of a stack, given from the innermost frame out. */
function timeBy(profile: Profile, nameOf: (stack: readonly ProfileNode[]) => string): Map<string, number> {
  const nodes = new Map(profile.nodes.map((node) => [node.id, node]));
  const parents = new Map(
    profile.nodes.flatMap(({ id, children = [] }) => children.map((child) => [child, id] as const)),
  );
  const names = new Map<number, string>();
  const sums = new Map<string, number>();
  for (const [i, id] of profile.samples.entries()) {
    let name = names.get(id);
    if (name === undefined) {
      const stack: ProfileNode[] = [];
      for (let at: number | undefined = id; at !== undefined; at = parents.get(at)) {
        const node = nodes.get(at);
        if (node) stack.push(node);
      }
      name = nameOf(stack);
      names.set(id, name);
    }
    sums.set(name, (sums.get(name) ?? 0) + (profile.timeDeltas[i] ?? 0));
  }
  return sums;
}

export function stepsOf(profile: Profile): Map<string, number> {
  const sums = timeBy(profile, (stack) => {
    const isOutside = stack.some((node) => stepOf(node) === OUTSIDE);
    if (isOutside) return OUTSIDE;
    return stack.map(stepOf).find((step) => step !== undefined) ?? 'Node, other';
  });
  sums.delete(OUTSIDE);
  return sums;
}

/** The `count` functions with the most time of their own, in microseconds a request. */
export function functionsOf(profile: Profile, count: number, requests: number): string[] {
  return [
    ...timeBy(profile, ([own, ...above]) =>
      own ? `${shortOf(own)} ← ${above.slice(0, 2).map(shortOf).join(' ← ')}` : '',
    ),
  ]
    .filter(([name]) => !name.startsWith('#(idle)'))
    .sort(([, a], [, b]) => b - a)
    .slice(0, count)
    .map(([name, microseconds]) => `${(microseconds / requests).toFixed(1).padStart(8)}  ${name}`);
}
