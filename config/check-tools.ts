import { parseDuration } from '../core/duration.ts';
import type { Examination } from './examination.ts';
import { nearest } from './known-keys.ts';
import type { Path } from './yaml-source.ts';

/**
 * The duration at the path in ms, or the other one where there is none; `undefined` where it is no duration.
 */
export function durationAt(examination: Examination, path: Path, otherwise: string): number | undefined {
  const value = examination.at(path) ?? otherwise;
  return typeof value === 'string' ? parseDuration(value) : undefined;
}

/** A name that must be one of a list. */
export function refuseUnknown(
  examination: Examination,
  path: Path,
  what: string,
  name: string,
  known: readonly string[],
): void {
  if (known.includes(name)) return;
  const near = nearest(name, known);
  const all = known.length === 0 ? 'there is none' : `there are ${known.slice(0, 20).join(', ')}`;
  const hint = near === undefined ? all : `did you mean "${near}"?`;
  examination.refuse(path, `no ${what} has the name ${examination.show(path)}; ${hint}`);
}
