/**
 * Renderer for the part of Helm's language that the chart uses: a value, `| quote`, `if`, and `range` over a map. It refuses
 * everything else.
 */
type Scope = Readonly<Record<string, unknown>>;

/** Value at a path: `.Values.a.b`, or a variable. */
function valueAt(path: string, scope: Scope): unknown {
  if (!/^[.$][\w.]*$/.test(path)) throw new Error(`The renderer does not know ${path}`);
  const [first = '', ...rest] = path.startsWith('.') ? path.slice(1).split('.') : [path];
  return rest.reduce<unknown>((value, name) => (value as Scope | undefined)?.[name], scope[first]);
}

/** Value as text, as Helm writes it. */
function shown(expression: string, scope: Scope): string {
  const [path = '', ...pipes] = expression.split('|').map((part) => part.trim());
  const value = valueAt(path, scope);
  if (value === undefined) throw new Error(`There is no value ${path}`);
  if (pipes.some((pipe) => pipe !== 'quote')) throw new Error(`The renderer does not know ${expression}`);
  return pipes.length > 0 ? JSON.stringify(String(value)) : String(value);
}

interface Part {
  readonly text?: string;
  readonly action?: string;
}

/** Text and actions in turn. `{{-` takes the space before it away, `-}}` the one behind it. */
function partsOf(template: string): Part[] {
  const trimmed = template.replace(/\s*\{\{-/g, '{{').replace(/-\}\}\s*/g, '}}');
  return trimmed
    .split(/(\{\{.*?\}\})/)
    .map((part) => (part.startsWith('{{') ? { action: part.slice(2, -2).trim() } : { text: part }));
}

/** Renders one template. @throws Error for what Helm could do and this cannot */
export function render(template: string, values: Scope): string {
  const parts = partsOf(template);
  let at = 0;
  const block = (scope: Scope | undefined): string => {
    let out = '';
    while (at < parts.length) {
      const { text, action } = parts[at++] ?? {};
      if (action === undefined) {
        out += scope ? (text ?? '') : '';
        continue;
      }
      if (action === 'end') return out;
      const [, condition] = /^if (.+)$/.exec(action) ?? [];
      const [, name = '', value = '', over] = /^range (\$\w+), (\$\w+) := (.+)$/.exec(action) ?? [];
      if (condition !== undefined) out += block(scope && valueAt(condition, scope) ? scope : undefined);
      else if (over !== undefined) out += loop(scope, name, value, over);
      else if (scope) out += shown(action, scope);
    }
    return out;
  };
  const loop = (scope: Scope | undefined, name: string, value: string, over: string): string => {
    const began = at;
    const entries = scope ? Object.entries(valueAt(over, scope) as Scope).sort() : [];
    if (entries.length === 0) return block(undefined);
    return entries
      .map(([key, member]) => {
        at = began;
        return block({ ...scope, [name]: key, [value]: member });
      })
      .join('');
  };
  return block({ Values: values });
}
