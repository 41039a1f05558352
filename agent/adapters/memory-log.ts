import type { Log } from '../../core/ports.ts';

export interface LogLine {
  readonly level: 'info' | 'warn' | 'error';
  readonly event: string;
  readonly fields: Readonly<Record<string, unknown>>;
}

export interface MemoryLog extends Log {
  readonly lines: readonly LogLine[];
}

/** Lines kept; later ones push out the oldest. */
const linesMax = 10_000;

/** A log for tests and simulations: keeps every line, suppresses none. */
export function memoryLog(): MemoryLog {
  const lines: LogLine[] = [];
  const keep =
    (level: LogLine['level']) =>
    (event: string, fields: LogLine['fields'] = {}) => {
      lines.push({ level, event, fields });
      if (lines.length > linesMax) lines.shift();
    };
  return { lines, info: keep('info'), warn: keep('warn'), error: keep('error') };
}
