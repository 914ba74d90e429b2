/** Imports between files: circles, and the fewest imports that run against the flow of the folders. */
import { posix } from 'node:path';
import type { Source } from './sources.ts';

export interface Import {
  readonly from: string;
  readonly to: string;
}

/** Imports between the sources, those of types included. */
export function importsOf(sources: readonly Source[]): Import[] {
  const known = new Set(sources.map(({ path }) => path));
  return sources.flatMap(({ path, code }) =>
    [...code.matchAll(/(?:\bfrom|\bimport|\bimport\()\s*'(\.[^']+)'/g)]
      .map(([, to = '']) => ({ from: path, to: posix.join(posix.dirname(path), to) }))
      .filter(({ to }) => known.has(to)),
  );
}

/** Groups of two or more in which each reaches each. */
export function circlesOf(imports: readonly Import[]): string[][] {
  const next = new Map<string, string[]>();
  for (const { from, to } of imports) next.set(from, [...(next.get(from) ?? []), to]);
  const reach = new Map([...next.keys()].map((from) => [from, reachedFrom(from, next)]));
  const circles = new Map<string, string[]>();
  for (const [from, reached] of reach) {
    const circle = [...reached].filter((to) => reach.get(to)?.has(from)).sort();
    if (circle.length > 1) circles.set(circle.join(), circle);
  }
  return [...circles.values()];
}

function reachedFrom(start: string, next: ReadonlyMap<string, readonly string[]>): Set<string> {
  const reached = new Set<string>();
  const left = [start];
  for (let from = left.pop(); from !== undefined; from = left.pop()) {
    for (const to of next.get(from) ?? []) {
      if (reached.has(to)) continue;
      reached.add(to);
      left.push(to);
    }
  }
  return reached;
}

/**
 * The fewest imports whose removal leaves no circle among the nodes.
 * @param nodeOf the node that a file belongs to; undefined: the file is not looked at
 */
export function againstTheFlow(imports: readonly Import[], nodeOf: (path: string) => string | undefined): Import[] {
  const arrows = imports.flatMap(({ from, to }) => {
    const nodes = { from: nodeOf(from), to: nodeOf(to) };
    return nodes.from && nodes.to && nodes.from !== nodes.to
      ? [{ from: nodes.from, to: nodes.to, file: { from, to } }]
      : [];
  });
  return circlesOf(arrows).flatMap((circle) => {
    const inside = arrows.filter(({ from, to }) => circle.includes(from) && circle.includes(to));
    const places = new Map(bestOrder(circle, inside).map((node, place) => [node, place]));
    return inside.filter(({ from, to }) => (places.get(from) ?? 0) > (places.get(to) ?? 0)).map(({ file }) => file);
  });
}

/** The order in which fewest arrows run back; looks at each set of nodes once, so for about 20 nodes at most. */
function bestOrder(nodes: readonly string[], arrows: readonly Import[]): string[] {
  const counts = nodes.map((from) => nodes.map((to) => arrows.filter((a) => a.from === from && a.to === to).length));
  const fewest = new Float64Array(2 ** nodes.length).fill(Infinity);
  const last = new Int8Array(2 ** nodes.length);
  fewest[0] = 0;
  for (let set = 0; set < fewest.length; set += 1) {
    for (let node = 0; node < nodes.length; node += 1) {
      if (set & (1 << node)) continue;
      let back = fewest[set] ?? 0;
      for (let before = 0; before < nodes.length; before += 1) {
        if (set & (1 << before)) back += counts[node]?.[before] ?? 0;
      }
      const more = set | (1 << node);
      if (back >= (fewest[more] ?? 0)) continue;
      fewest[more] = back;
      last[more] = node;
    }
  }
  const order: string[] = [];
  for (let set = fewest.length - 1; set > 0; set &= ~(1 << (last[set] ?? 0)))
    order.unshift(nodes[last[set] ?? 0] ?? '');
  return order;
}
