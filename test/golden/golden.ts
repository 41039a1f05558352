import { readFileSync } from 'node:fs';
import { expect } from 'vitest';

/** Files of numbers made by scipy, numpy and other tools, never by Kedge: `{ tolerance, cases: [...] }`. */
export interface GoldenFile<Case> {
  readonly tolerance: Readonly<Record<string, Tolerance | string>>;
  readonly cases: readonly Case[];
}

/** A value passes within `abs`, or within `rel` of the wanted one. */
export interface Tolerance {
  readonly rel?: number;
  readonly abs?: number;
}

/** NaN and infinities are strings in JSON. */
export type GoldenNumber = number | string;

export function readGolden<Content>(name: string): Content {
  return JSON.parse(readFileSync(new URL(name, import.meta.url), 'utf8')) as Content;
}

/** The file's own tolerance of a key; a missing or informative one is a fault of the test. */
export function toleranceOf(file: GoldenFile<unknown>, key: string): Tolerance {
  const tolerance = file.tolerance[key];
  if (tolerance === 'exact') return { abs: 0 };
  if (tolerance === undefined || typeof tolerance === 'string') throw new Error(`no tolerance for ${key}`);
  return tolerance;
}

export function expectGolden(what: string, got: number, want: GoldenNumber, tolerance: Tolerance): void {
  const wanted = Number(want);
  const off = Math.abs(got - wanted);
  const passes =
    Object.is(got, wanted) || off <= (tolerance.abs ?? 0) || off <= (tolerance.rel ?? 0) * Math.abs(wanted);
  expect(passes, `${what}: got ${got}, want ${wanted}, tolerance ${JSON.stringify(tolerance)}`).toBe(true);
}

/** Every name found is either checked here or listed as not built yet: nothing new passes unseen. */
export function expectAllNamed(
  found: Iterable<string>,
  checked: readonly string[],
  notYet: readonly string[],
): void {
  expect([...new Set(found)].sort()).toEqual([...new Set([...checked, ...notYet])].sort());
}
