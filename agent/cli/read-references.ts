import { readFileSync, statSync } from 'node:fs';
import { extname } from 'node:path';
import type { Config, ReferenceFile, SegmentConfig } from '../../config/config.ts';
import type { Clock, Digest, Log } from '../../core/ports.ts';
import { nameOf, type Reference } from '../../core/reference.ts';
import type { Scale } from '../../core/scale.ts';
import { seriesKey, signalOf } from '../../core/series.ts';
import { forEachRow } from '../adapters/reference-files.ts';
import { buildReferences, type ColumnCollector, createCollector } from '../pipeline/reference-file.ts';
import type { GivenReference } from '../pipeline/reference-parts.ts';
import { fromPortable } from '../pipeline/reference-portable.ts';

/** Bytes of a JSON file of references. */
export const portableBytesMax = 256 * 1_048_576;

/**
 * The references of the configuration's files, one per column. A file that cannot be used costs its own references:
 * the rules that need them say `no_reference`, and the log says what to do. It never means "no drift".
 *
 * Several of one signal count on the edges of the first: of what is stored (`known`), of JSON files, then of data files in
 * their order. So they can be compared with by the same windows.
 */
export async function readReferences(
  config: Config,
  clock: Clock,
  digest: Digest,
  log: Log,
  known: readonly Reference[] = [],
): Promise<readonly GivenReference[]> {
  const given: GivenReference[] = [];
  const scales = new Map(known.map(({ series, scale }) => [seriesKey(series), scale]));
  const files = [...config.references.files].sort((a, b) => Number(isPortable(b)) - Number(isPortable(a)));
  for (const file of files) {
    const made = isPortable(file)
      ? readPortable(file, digest, log)
      : await readData(file, { clock, digest, log, scales, segments: config.segments ?? [] });
    for (const one of made) {
      const key = seriesKey(one.reference.series);
      const scale = scales.get(key);
      scales.set(key, scale ?? one.reference.scale);
      if (scale !== undefined && scale.id !== one.reference.scale.id) warnOfScale(file, one.reference, log);
    }
    given.push(...made);
  }
  // The order of the configuration decides which of several is the default.
  const place = new Map(config.references.files.map(({ name }, index) => [name, index]));
  return given.sort((a, b) => (place.get(nameOf(a.reference)) ?? 0) - (place.get(nameOf(b.reference)) ?? 0));
}

function isPortable({ path }: ReferenceFile): boolean {
  return extname(path).toLowerCase() === '.json';
}

function readPortable(file: ReferenceFile, digest: Digest, log: Log): readonly GivenReference[] {
  const { name, model, environment, path, isDefault = true } = file;
  try {
    if (statSync(path).size > portableBytesMax)
      throw new Error(`it is larger than ${portableBytesMax} bytes`);
    const text = readFileSync(path, 'utf8');
    const read = fromPortable(text, { name, model, environment }, (one) => digest.sha256(one));
    if (!read.ok) throw new Error(read.fault);
    log.info('reference file read', { name, model, references: read.references.length });
    return read.references.map((one) => ({ reference: one.reference, model: one.model, isDefault }));
  } catch (fault) {
    logUnusable(file, fault, log);
    return [];
  }
}

async function readData(
  file: ReferenceFile,
  {
    clock,
    digest,
    log,
    scales,
    segments,
  }: {
    clock: Clock;
    digest: Digest;
    log: Log;
    scales: ReadonlyMap<string, Scale>;
    segments: readonly SegmentConfig[];
  },
): Promise<readonly GivenReference[]> {
  const collector = createCollector(file, segments);
  const rows = await read(file, collector, log);
  if (rows === undefined) return [];
  const made = buildReferences(file, collector, clock.nowMs(), (text) => digest.sha256(text), scales);
  log.info('reference file read', { name: file.name, model: file.model, ...rows, signals: made.length });
  return made.map(({ reference }) => ({ reference, isDefault: file.isDefault ?? true }));
}

async function read(file: ReferenceFile, collector: ColumnCollector, log: Log) {
  try {
    return await forEachRow(file.path, { rowsMax: file.rowsMax }, (columns) => collector.add(columns));
  } catch (fault) {
    logUnusable(file, fault, log);
    return undefined;
  }
}

function logUnusable(file: ReferenceFile, fault: unknown, log: Log): void {
  log.error(
    'reference file unusable: its signals have no reference until it is mended and the agent restarted',
    {
      name: file.name,
      file: file.path,
      fault: fault instanceof Error ? fault.message : 'unknown',
    },
  );
}

function warnOfScale(file: ReferenceFile, { series }: Reference, log: Log): void {
  log.warn(
    'a reference has other edges than the one before it: windows are compared with one of the two only',
    {
      name: file.name,
      model: series.model,
      signal: signalOf(series),
    },
  );
}
