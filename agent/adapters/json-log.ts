import type { Writable } from 'node:stream';
import { type DestinationStream, pino } from 'pino';
import type { Clock, Log, Meter } from '../../core/ports.ts';
import { isoTime } from '../../core/time.ts';

type Level = 'info' | 'warn' | 'error';
type Fields = Readonly<Record<string, unknown>>;

export interface JsonLog extends Log {
  /** Writes out what is buffered, as far as the reader takes it within the time; safe twice. */
  flush(withinMs: number): Promise<void>;
}

export interface JsonLogOptions {
  readonly clock: Pick<Clock, 'nowMs' | 'monotonicMs'>;
  /** Gets `log_lines_suppressed` and `log_lines_dropped`. */
  readonly meter: Meter;
  /** The first that is still open is written to. Default: standard output, then standard error. */
  readonly outputs?: readonly Writable[];
  /** The least level that is written; `debug` is as `info`, as nothing is logged below. */
  readonly level?: 'debug' | Level;
}

/** Kept in memory while the reader of a pipe stalls; more is dropped and counted. */
const bufferBytesMax = 1024 * 1024;
/** A warning or error that repeats is written once in this time. */
const repeatMs = 10_000;
/** Different warnings and errors told apart; over it those of one event count as repeats of each other. */
const keysMax = 1_000;
/** Fields that say what an event is about: two broken channels are two events. */
const subjects = ['channel', 'rule', 'model', 'reason', 'file', 'stage', 'name'] as const;
const fieldLengthMax = 4_096;

/**
 * JSON lines: `{"level":"warn","time":"2026-11-21T21:00:00.000Z","event":"…", …fields}`. Never blocks, never
 * throws.
 */
export function jsonLog(options: JsonLogOptions): JsonLog {
  const { clock, meter } = options;
  const sink = createSink(options.outputs ?? [process.stdout, process.stderr], meter);
  const logger = pino(
    {
      level: options.level ?? 'info',
      base: null,
      messageKey: 'event',
      timestamp: () => `,"time":"${isoTime(clock.nowMs())}"`,
      formatters: { level: (label) => ({ level: label }) },
    },
    sink,
  );
  const repeats = createRepeatFilter(clock);
  const write = (level: Level, event: string, fields: Fields = {}) => {
    const { pass, suppressed } = level === 'info' ? open : repeats(level, event, fields);
    if (!pass) meter.add('log_lines_suppressed', 1);
    else logger[level](suppressed > 0 ? { ...readable(fields), suppressed } : readable(fields), event);
  };
  return {
    info: (event, fields) => write('info', event, fields),
    warn: (event, fields) => write('warn', event, fields),
    error: (event, fields) => write('error', event, fields),
    flush: sink.flush,
  };
}

interface Verdict {
  readonly pass: boolean;
  /** How many lines were held back since the last one that passed. */
  readonly suppressed: number;
}

const open: Verdict = { pass: true, suppressed: 0 };
const held: Verdict = { pass: false, suppressed: 0 };

function createRepeatFilter(
  clock: Pick<Clock, 'monotonicMs'>,
): (level: Level, event: string, fields: Fields) => Verdict {
  const lines = new Map<string, { sinceMs: number; suppressed: number }>();
  return (level, event, fields) => {
    const nowMs = clock.monotonicMs();
    const about = subjects.map((name) => String(fields[name] ?? '').slice(0, 200)).join(' ');
    const full = `${level} ${event} ${about}`;
    if (lines.size >= keysMax && !lines.has(full)) forgetOld(lines, nowMs);
    const key = lines.size < keysMax || lines.has(full) ? full : `${level} ${event}`;
    const line = lines.get(key);
    if (line !== undefined && nowMs - line.sinceMs < repeatMs) {
      line.suppressed++;
      return held;
    }
    lines.set(key, { sinceMs: nowMs, suppressed: 0 });
    return { pass: true, suppressed: line?.suppressed ?? 0 };
  };
}

function forgetOld(lines: Map<string, { readonly sinceMs: number }>, nowMs: number): void {
  for (const [key, { sinceMs }] of lines) if (nowMs - sinceMs >= repeatMs) lines.delete(key);
}

/** Errors as text, as JSON has none of their properties; long text cut. Secrets redact themselves in JSON. */
function readable(fields: Fields): Fields {
  return Object.fromEntries(Object.entries(fields).map(([name, value]) => [name, readableValue(value)]));
}

function readableValue(value: unknown): unknown {
  if (typeof value === 'string') return value.slice(0, fieldLengthMax);
  if (!(value instanceof Error)) return value;
  const { name, message, stack } = value;
  return {
    name,
    message: message.slice(0, fieldLengthMax),
    ...('code' in value ? { code: value.code } : {}),
    stack: stack?.slice(0, fieldLengthMax),
    ...(value.cause instanceof Error ? { cause: value.cause.message.slice(0, fieldLengthMax) } : {}),
  };
}

interface Sink extends DestinationStream {
  flush(withinMs: number): Promise<void>;
}

/**
 * Writes to the first output that is still open; of one that stalls at most `bufferBytesMax` are kept.
 *
 * Node's own streams and not `pino.destination`: that one writes to a pipe in a thread, and a thread that
 * waits for a stalled reader keeps the process from ever exiting; with `sync: true` it stops the event loop
 * instead.
 */
function createSink(outputs: readonly Writable[], meter: Meter): Sink {
  const [output, ...others] = outputs;
  if (output === undefined) {
    return { write: () => meter.add('log_lines_dropped', 1), flush: async () => {} };
  }
  let next: Sink | undefined;
  const leave = () => {
    next ??= createSink(others, meter);
  };
  // EPIPE and its kin: the reader is gone for good. Without a listener it would end the process.
  output.on('error', leave);
  return {
    write(line) {
      if (output.destroyed) leave();
      if (next !== undefined) next.write(line);
      else if (output.writableLength > bufferBytesMax) meter.add('log_lines_dropped', 1);
      else output.write(line);
    },
    flush: (withinMs) => (next === undefined ? drain(output, withinMs) : next.flush(withinMs)),
  };
}

/** What is written is written in order, so an empty write is through when all before it is. */
function drain(output: Writable, withinMs: number): Promise<void> {
  return new Promise((resolve) => {
    const timer = setTimeout(resolve, withinMs);
    output.write('', () => {
      clearTimeout(timer);
      resolve();
    });
  });
}
