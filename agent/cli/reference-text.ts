import { type Series, signalOf } from '../../core/series.ts';
import type { ReferenceCheck, ReferenceOutline } from '../pipeline/reference-checks.ts';

type Listed = ReferenceOutline & { readonly warnings: readonly string[] };

/** As `/api/v1/references` answers. */
export interface ListedReferences {
  readonly references: readonly Listed[];
  readonly learning: readonly {
    readonly series: Omit<Series, 'environment'>;
    readonly rows: number;
  }[];
}

/** As `/api/v1/references/<id or name>` answers. */
export interface ShownReferences {
  readonly references: readonly (ReferenceOutline & {
    readonly cells: string;
    readonly checks: readonly ReferenceCheck[];
    readonly variance: {
      readonly phi: number;
      readonly tau: number;
      readonly nu: number;
      readonly stage: string;
    } | null;
  })[];
}

export function listText({ references, learning }: ListedReferences, model?: string): string {
  const isMeant = (of: { readonly model: string }) => model === undefined || of.model === model;
  const rows = references
    .filter(isMeant)
    .map((one) => [
      one.id,
      one.name,
      one.standing + (one.pinnedBy === null ? '' : `, by ${one.pinnedBy}`),
      one.version === '' ? one.model : `${one.model}@${one.version}`,
      signalOf(one),
      String(one.rows),
      one.from === null ? 'no times' : `${one.from.slice(0, 10)} to ${one.to?.slice(0, 10) ?? ''}`,
      one.warnings.join(' ') || 'well',
    ]);
  const head = ['id', 'name', 'standing', 'model', 'signal', 'rows', 'of', 'checks'];
  const lines = rows.length === 0 ? ['no reference is frozen yet'] : table([head, ...rows]);
  const begun = learning.filter(({ series }) => isMeant(series));
  return [
    ...lines,
    ...begun.map(({ series, rows: count }) => {
      return `being learned: ${signalOf(series)} of ${series.model}@${series.version}, ${count} rows so far`;
    }),
  ].join('\n');
}

export function showText({ references }: ShownReferences): string {
  return references
    .map((one) => {
      const { variance } = one;
      const pinned =
        one.pinnedBy === null ? '' : `, pinned by ${one.pinnedBy} on ${one.pinnedAt?.slice(0, 10)}`;
      return [
        `${one.id}  ${one.name}, ${one.kind}, ${one.standing}${pinned}`,
        `  of      ${signalOf(one)} of ${one.model}${one.version === '' ? '' : ` version ${one.version}`} in ${one.environment}`,
        `  rows    ${one.rows}${one.from === null ? '' : `, ${one.from} to ${one.to}`}`,
        `  scale   ${one.scale}: ${one.cells}`,
        ...(variance === null ? [] : [`  varies  ${varianceText(variance)}`]),
        ...one.checks.map(({ check, ok, text }) => `  ${markOf(ok)}  ${check}: ${text}`),
      ].join('\n');
    })
    .join('\n\n');
}

/** One line a check, for people who build a reference. */
export function checkText({ check, ok, text }: ReferenceCheck): string {
  return `${markOf(ok)}  ${check}: ${text}`;
}

function varianceText({
  phi,
  tau,
  nu,
  stage,
}: {
  phi: number;
  tau: number;
  nu: number;
  stage: string;
}): string {
  const seasons = stage.replaceAll('_', ' ');
  return `phi ${phi.toPrecision(3)}, tau ${tau.toPrecision(2)}, nu ${nu.toFixed(0)}, profile by ${seasons}`;
}

function markOf(ok: boolean | null): string {
  if (ok === null) return '-   ';
  return ok ? 'ok  ' : 'WARN';
}

function table(rows: readonly (readonly string[])[]): string[] {
  const widths = (rows[0] ?? []).map((_, column) => Math.max(...rows.map((row) => row[column]?.length ?? 0)));
  return rows.map((row) =>
    row
      .map((cell, column) => cell.padEnd(widths[column] ?? 0))
      .join('  ')
      .trimEnd(),
  );
}
