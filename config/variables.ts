/** Characters of a value after its variables are put in, at most. */
const textMax = 65_536;

export interface Expansion {
  readonly text: string;
  /** Sentences about variables that could not be put in. */
  readonly problems: readonly string[];
}

/**
 * Puts environment variables into a text: `${NAME}`, or `${NAME:-default}` where it may be unset or empty;
 * `$${` stands for `${` itself. Values are not looked at again, so a variable cannot name another.
 */
export function expandVariables(text: string, env: Readonly<Record<string, string | undefined>>): Expansion {
  const problems: string[] = [];
  const expanded = text.replace(/\$\$\{|\$\{([^}]*)\}?/g, (all, inner: string | undefined) => {
    if (inner === undefined) return '${';
    const match = /^([A-Za-z_][A-Za-z0-9_]*)(?::-(.*))?$/s.exec(inner);
    if (match === null || !all.endsWith('}')) {
      problems.push(`expected \${NAME} or \${NAME:-default}; write $\${ for the characters themselves`);
      return all;
    }
    const name = match[1] as string;
    const value = Object.hasOwn(env, name) ? env[name] : undefined;
    if (value !== undefined && value !== '') return value;
    if (match[2] !== undefined) return match[2];
    const state = value === '' ? 'empty' : 'not set';
    problems.push(`the environment variable ${name} is ${state}; set it, or write \${${name}:-default}`);
    return all;
  });
  if (expanded.length <= textMax) return { text: expanded, problems };
  return { text, problems: [...problems, `longer than ${textMax} characters with its variables`] };
}
