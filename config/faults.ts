import type { z } from 'zod';
import type { Fault } from '../core/fault.ts';
import type { Examination } from './examination.ts';
import { nearest } from './known-keys.ts';
import { shownLine } from './mask.ts';
import { type Path, pathText } from './yaml-source.ts';

const keysListedMax = 24;
const lineShownMax = 120;

/** What the schema refused, as faults with places. */
export function refuseIssues(examination: Examination, issues: readonly z.core.$ZodIssue[]): void {
  const withUnknownKeys = new Set(
    issues.filter(({ code }) => code === 'unrecognized_keys').map(({ path }) => pathText(path as Path)),
  );
  for (const issue of issues.flatMap(closest)) {
    const path = writtenPath(examination, issue.path as Path);
    if (issue.code === 'unrecognized_keys') {
      for (const key of issue.keys) refuseUnknownKey(examination, path, key);
      continue;
    }
    // A rule without a known detector, beside an unknown key: that key is what was meant as one.
    const isConsequence = issue.code === 'custom' && withUnknownKeys.has(pathText(path));
    if (!isConsequence) examination.refuse(path, sentence(examination, issue, path));
  }
}

/** `kedge.yaml:14:7: rules[1].window: expected …`, then the line of the file and a caret under the place. */
export function formatFault(fault: Fault, text: string): string {
  const { file, line, column, path, message } = fault;
  const place = line > 0 ? `${file}:${line}:${column}` : file;
  const head = `${place}: ${path === '' ? '' : `${path}: `}${message}`;
  const excerpt = fault.excerpt ?? shownLine(text, line);
  if (excerpt === undefined) return head;
  const from = column > lineShownMax - 20 ? column - 60 : 0;
  const shown = excerpt.slice(from, from + lineShownMax);
  const before = shown.slice(0, column - 1 - from).replace(/[^\t]/g, ' ');
  return `${head}\n  ${shown}\n  ${before}^`;
}

function refuseUnknownKey(examination: Examination, parent: Path, key: string): void {
  examination.refuseKey([...parent, key], () => {
    const known = examination.view.keysAt(parent, examination.value);
    const near = nearest(key, known);
    if (near !== undefined) return `unknown key; did you mean "${near}"?`;
    return known.length <= keysListedMax
      ? `unknown key; known here: ${known.join(', ')}`
      : 'unknown key; see docs/configuration.md for the ones there are';
  });
}

function sentence(examination: Examination, issue: z.core.$ZodIssue, path: Path): string {
  const { message } = issue;
  if (!message.startsWith('expected ')) return message;
  const value = examination.at(path);
  if (value === undefined) return `missing: ${message}`;
  // Some messages of options say themselves what came.
  const said = message.includes(', got ') ? message : `${message}, got ${examination.show(path)}`;
  return said + hint(examination, issue, path);
}

function hint(examination: Examination, issue: z.core.$ZodIssue, path: Path): string {
  const value = examination.at(path);
  if (issue.code === 'invalid_value' && typeof value === 'string') {
    const near = nearest(value, issue.values.map(String));
    return near === undefined ? '' : `; did you mean "${near}"?`;
  }
  const wantsText = issue.code === 'invalid_type' && issue.expected === 'string';
  const isVariable = wantsText && examination.source.isFromEnvironment(path);
  return isVariable ? `; in quotes, "\${NAME}" stays a text` : '';
}

/** Where the user wrote it: `psi: -1` is meant by `psi.threshold`, which is not there. */
function writtenPath(examination: Examination, path: Path): Path {
  const parent = examination.at(path.slice(0, -1));
  const isShorthand = typeof parent === 'string' || typeof parent === 'number';
  return isShorthand && examination.at(path) === undefined ? path.slice(0, -1) : path;
}

/**
 * Of the branches of a union, the one that came furthest: a fault inside a mapping says more than "not a
 * text".
 */
function closest(issue: z.core.$ZodIssue): readonly z.core.$ZodIssue[] {
  if (issue.code !== 'invalid_union') return [issue];
  const inner = issue.errors.filter(
    (branch) => branch.length > 0 && branch.every(({ path }) => path.length > 0),
  );
  const best = inner.toSorted((a, b) => a.length - b.length)[0];
  if (best === undefined) return [issue];
  return best.flatMap((each) => closest({ ...each, path: [...issue.path, ...each.path] }));
}
