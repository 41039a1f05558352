import type { ReferenceFile } from '../../config/config.ts';
import { formatFault, loadConfig } from '../../config/load.ts';
import type { Registries } from '../../config/schema.ts';
import { nodeDigest } from '../adapters/node-digest.ts';
import { fromPortable } from '../pipeline/reference-portable.ts';
import { thresholdTable } from './threshold-table.ts';

/** What the command may look at, and where it says what it found. */
export interface CheckIo {
  readonly env: Readonly<Record<string, string | undefined>>;
  readFile(path: string): string | undefined;
  isReadable?(path: string): boolean;
  /** One line or more, without the last line end. */
  write(text: string): void;
}

/**
 * `kedge check FILE`: says whether the agent would start with it, with every fault, and what its raw thresholds
 * mean. It opens no port and
 * sends nothing. The exit code: 0 when the file is good (warnings do not count), else 2.
 */
export function check(
  args: { readonly file: string; readonly rows?: number | undefined },
  io: CheckIo,
  registries: Registries,
): 0 | 2 {
  const { file } = args;
  const text = io.readFile(file);
  if (text === undefined) {
    io.write(`${file}: cannot be read; give the path of a kedge.yaml`);
    return 2;
  }
  const loaded = loadConfig(text, file, registries, io);
  for (const warning of loaded.warnings) {
    io.write(formatFault({ ...warning, message: `warning: ${warning.message}` }, text));
  }
  if (!loaded.ok) {
    for (const fault of loaded.faults) io.write(formatFault(fault, text));
    io.write(`${file}: ${counted(loaded.faults.length, 'fault')}`);
    return 2;
  }
  const { rules, alerting, references } = loaded.config;
  const damaged = damagedReferences(references.files, io);
  for (const fault of damaged) io.write(fault);
  if (damaged.length > 0) return 2;
  io.write(`${file}: ok, ${counted(rules.length, 'rule')}, ${counted(alerting.channels.length, 'channel')}`);
  for (const line of thresholdTable(loaded.config, registries.detectors, args.rows)) io.write(line);
  return 0;
}

/** Reference files of JSON are read whole: a damaged one would leave its signals without a reference. */
function damagedReferences(files: readonly ReferenceFile[], io: CheckIo): readonly string[] {
  return files.flatMap((file) => {
    if (!file.path.toLowerCase().endsWith('.json')) return [];
    const read = fromPortable(io.readFile(file.path) ?? '', file, (text) => nodeDigest().sha256(text));
    return read.ok ? [] : [`${file.path}: the reference file ${file.name} is refused: ${read.fault}`];
  });
}

function counted(count: number, what: string): string {
  return `${count} ${what}${count === 1 ? '' : 's'}`;
}
