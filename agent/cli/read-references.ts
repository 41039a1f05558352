import type { Config, ReferenceFile } from '../../config/config.ts';
import type { Clock, Digest, Log } from '../../core/ports.ts';
import type { Reference } from '../../core/reference.ts';
import { forEachRow } from '../adapters/reference-files.ts';
import { buildReferences, type ColumnCollector, createCollector } from '../pipeline/reference-file.ts';

/**
 * The references of the configuration's files, one per column. A file that cannot be used costs its own references:
 * the rules that need them say `no_reference`, and the log says what to do. It never means "no drift".
 */
export async function readReferences(
  config: Config,
  clock: Clock,
  digest: Digest,
  log: Log,
): Promise<readonly Reference[]> {
  const references: Reference[] = [];
  for (const file of config.references.files) {
    const collector = createCollector(file, config.segments);
    const rows = await read(file, collector, log);
    if (rows === undefined) continue;
    const made = buildReferences(file, collector, clock.nowMs(), (text) => digest.sha256(text));
    log.info('reference file read', { name: file.name, model: file.model, ...rows, signals: made.length });
    references.push(...made);
  }
  return references;
}

async function read(file: ReferenceFile, collector: ColumnCollector, log: Log) {
  try {
    return await forEachRow(file.path, { rowsMax: file.rowsMax }, (columns) => collector.add(columns));
  } catch (fault) {
    log.error(
      'reference file unusable: its signals have no reference until it is mended and the agent restarted',
      {
        name: file.name,
        file: file.path,
        fault: fault instanceof Error ? fault.message : 'unknown',
      },
    );
    return undefined;
  }
}
