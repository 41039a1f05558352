import { existsSync, writeFileSync } from 'node:fs';
import { resolve } from 'node:path';
import type { ReferenceFile, SegmentConfig } from '../../config/config.ts';
import { loadConfig } from '../../config/load.ts';
import { signalOf } from '../../core/series.ts';
import { tickMs } from '../../detectors/ladder/alpha-ladder.ts';
import { nodeDigest } from '../adapters/node-digest.ts';
import { type Cell, forEachRow } from '../adapters/reference-files.ts';
import { registries } from '../agent.ts';
import { isUsableName } from '../pipeline/names.ts';
import { checksOf } from '../pipeline/reference-checks.ts';
import { type BuiltReference, buildReferences, createCollector } from '../pipeline/reference-file.ts';
import { toPortable } from '../pipeline/reference-portable.ts';
import { segmentRowsMin } from '../pipeline/segment-split.ts';
import { readText } from './read-text.ts';
import { checkText } from './reference-text.ts';
import { agentVersion } from './version.ts';

export interface BuildOptions {
  readonly data: string;
  readonly model: string;
  readonly environment?: string;
  readonly name: string;
  readonly time?: string;
  readonly config?: string;
  readonly output?: string;
}

export interface Built {
  readonly code: 0 | 1 | 2;
  /** Lines for the person: checks, or what is wrong. */
  readonly said: readonly string[];
  /** For standard output; absent where it went into a file, or nowhere. */
  readonly text?: string;
}

const rowsMax = 1_000_000;
/** Numbers below this are seconds: in milliseconds they would be of 1973. */
const secondsMax = 1e11;

/** Frozen edges, counts, checks and a digest of a file's columns; no row of it. */
export async function buildReferenceFile(options: BuildOptions): Promise<Built> {
  if (!isUsableName(options.model)) return refused('--model: expected a name without control characters');
  const place = placeOf(options);
  if ('fault' in place) return refused(place.fault);
  const { file, segments } = place;
  const collector = createCollector(file, segments);
  const skipped = { untimed: 0 };
  try {
    const tally = await forEachRow(options.data, { rowsMax: file.rowsMax }, (row) => {
      const timeMs = options.time === undefined ? undefined : timeOf(row.get(options.time));
      if (options.time !== undefined && timeMs === undefined) skipped.untimed++;
      else collector.add(withoutTime(row, options.time), timeMs);
    });
    const sha256 = (text: string) => nodeDigest().sha256(text);
    const all = buildReferences(file, collector, Date.now(), sha256);
    const built = all.filter(isShareable);
    if (built.length === 0)
      return refused(`${options.data}: no column has values${untimedText(skipped.untimed)}`);
    const rows = `${tally.rows} rows read, ${tally.skipped} unreadable, ${skipped.untimed} without a time`;
    const cut = tally.truncated ? [`only the first ${file.rowsMax} rows were read`] : [];
    const small = all.length === built.length ? [] : [smallText(all, built)];
    return finish(options, built, [`${options.data}: ${rows}`, ...cut, ...small], sha256);
  } catch (fault) {
    return refused(fault instanceof Error ? fault.message : 'unknown');
  }
}

function finish(
  options: BuildOptions,
  built: readonly BuiltReference[],
  said: readonly string[],
  sha256: (text: string) => string,
): Built {
  const nowMs = Date.now();
  const checked = built.map((one) => {
    const record = { reference: one.reference, standing: 'kept' as const };
    const health = one.model?.model.health ?? undefined;
    return { ...one, health: checksOf({ record, health, halves: one.halves, tickMs, nowMs }) };
  });
  const lines = checked.flatMap(({ reference, health }) => [
    `${signalOf(reference.series)}  ${reference.id}`,
    ...health.map((check) => `  ${checkText(check)}`),
  ]);
  const text = toPortable(checked, { atMs: nowMs, by: `kedge ${agentVersion}` }, sha256);
  if (options.output === undefined) return { code: 0, said: [...said, ...lines], text };
  writeFileSync(options.output, text);
  return { code: 0, said: [...said, ...lines, `written: ${options.output}`] };
}

interface Place {
  readonly file: ReferenceFile;
  readonly segments: readonly SegmentConfig[];
}

/** The environment, the columns and the segments, of the configuration where one is given. */
function placeOf(options: BuildOptions): Place | { readonly fault: string } {
  const { model, name, data } = options;
  const base = { name, model, environment: options.environment ?? 'default', path: data, rowsMax };
  if (options.config === undefined) return { file: base, segments: [] };
  const text = readText(options.config);
  if (text === undefined) return { fault: `${options.config} cannot be read` };
  const io = { env: process.env, readFile: readText, isReadable: existsSync };
  const loaded = loadConfig(text, options.config, registries, io);
  if (!loaded.ok) return { fault: `${options.config} has faults: kedge check ${options.config} shows them` };
  const { references, environment, segments = [] } = loaded.config;
  const ofModel = references.files.filter((file) => file.model === model);
  const known = ofModel.find((file) => resolve(file.path) === resolve(data)) ?? ofModel[0];
  return {
    segments,
    file: {
      ...base,
      environment: options.environment ?? known?.environment ?? environment,
      rowsMax: known?.rowsMax ?? rowsMax,
      ...(known?.columns === undefined ? {} : { columns: known.columns }),
    },
  };
}

/** The file names its segments, and its outer edges are values of rows: a segment of few rows would tell of single ones. */
function isShareable({ reference }: BuiltReference): boolean {
  return reference.series.segment === undefined || reference.counters.rows >= segmentRowsMin;
}

function smallText(all: readonly BuiltReference[], built: readonly BuiltReference[]): string {
  return `${all.length - built.length} references of segments with fewer than ${segmentRowsMin} rows are left out`;
}

function timeOf(cell: Cell | undefined): number | undefined {
  if (typeof cell === 'number') return cell < secondsMax ? cell * 1_000 : cell;
  const timeMs = typeof cell === 'string' ? Date.parse(cell) : Number.NaN;
  return Number.isFinite(timeMs) ? timeMs : undefined;
}

/** The time is no signal. */
function withoutTime(row: ReadonlyMap<string, Cell>, time: string | undefined): ReadonlyMap<string, Cell> {
  if (time === undefined) return row;
  const rest = new Map(row);
  rest.delete(time);
  return rest;
}

function untimedText(untimed: number): string {
  return untimed === 0 ? '' : `, and ${untimed} rows have no time that can be read`;
}

function refused(message: string): Built {
  return { code: 2, said: [`kedge: ${message}`] };
}
