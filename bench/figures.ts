import { rounded, type Summary, summarise } from './samples.ts';

type Better = 'higher' | 'lower';

/** A figure as it is printed. `value` is null where `why` says what is missing; `ok` is null where there is no bar. */
export interface Figure {
  readonly value: number | null;
  readonly min: number | null;
  readonly max: number | null;
  readonly unit: string;
  readonly better: Better;
  readonly bar: number | null;
  readonly ok: boolean | null;
  readonly why?: string;
}

interface Spec {
  readonly unit: string;
  readonly better: Better;
  /** The value that is good enough. */
  readonly bar?: number;
  /** With `--bars`, missing this bar fails the run. The other bars are goals that are only reported. */
  readonly enforced?: true;
  readonly later?: true;
}

const times = (bar?: number): Spec => spec('x', 'higher', bar);
const later = (bare: Spec): Spec => ({ ...bare, later: true });
const enforced = (bare: Spec): Spec => ({ ...bare, enforced: true });
const report = (unit: string, better: Better): Spec => ({ unit, better });

function spec(unit: string, better: Better, bar?: number): Spec {
  return bar === undefined ? { unit, better } : { unit, better, bar };
}

function forEach(pattern: string, names: readonly string[], specOf: (at: number) => Spec): [string, Spec][] {
  return names.map((name, at) => [pattern.replace('*', name), specOf(at)]);
}

const sets = ['llm', 'tab', 'tablog', 'http', 'mix', 'tab16'] as const;
const decodeSets = sets.slice(0, 5);
const shares = ['socket', 'inflate', 'read', 'pipeline', 'judge', 'gc'] as const;

/**
 * Every figure and its bar, in the order they are printed. Keys are an interface: they are added freely and never
 * renamed. `later`: the part of Kedge that it measures is not built yet.
 */
export const catalogue: ReadonlyMap<string, Spec> = new Map([
  ...forEach('decode.*.vs_protobufjs', decodeSets, (at) => times([11, 10, 5, 22, 16][at])),
  ['decode.geomean.vs_protobufjs', times(16)],
  ['decode.batch.vs_protobufjs', times(20)],
  ['decode.batch.ns_per_value', report('ns', 'lower')],
  ...forEach('decode_json.*.vs_json_parse', ['llm', 'tab', 'http', 'mix'], (at) =>
    later(times([2, 1.1, 1.8, 1.7][at])),
  ),
  // Of tab the first milestone; the goal is 4.
  ...forEach('pipeline.*.vs_protobufjs', sets, (at) =>
    at === 1 ? enforced(times(3)) : times([2.2, 0, 2.5, 5, 4.5, 1.3][at]),
  ),
  ...forEach('pipeline.*.spans_per_cpu_s', sets, () => report('spans/s', 'higher')),
  ['pipeline.batch.rows_per_cpu_s', spec('rows/s', 'higher', 400_000)],
  ...['llm', 'tab', 'llm_gzip'].flatMap((set) =>
    forEach(`pipeline.${set}.share.*`, shares, () => later(report('', 'lower'))),
  ),
  ...forEach('pipeline.*.vs_plain', ['tab', 'llm'], (at) => later(times([6, 5][at]))),
  ...forEach('grpc.*.vs_http', ['tab', 'llm'], (at) => later(times([0.35, 0.27][at]))),
  ['count.numeric.ns_per_value', report('ns', 'lower')],
  ['count.numeric.batched_ns_per_value', report('ns', 'lower')],
  ['count.numeric.vs_ddsketch', times(7)],
  ['count.levels.ns_per_value', report('ns', 'lower')],
  ['count.levels.vs_map', times(3)],
  ...forEach('accuracy.*', ['ks_low_by_max', 'ks_low_by_mean', 'psi_abs_max', 'w1_rel_median'], (at) =>
    spec('', 'lower', [0.004, 0.0015, 1e-9, 0.01][at]),
  ),
  ['eval.1000_features_ms', spec('ms', 'lower', 3)],
  ['eval.vs_sort', times(150)],
  ['eval.1000_verdicts_ms', spec('ms', 'lower', 20)],
  ...forEach('exact.*_1e5.vs_scipy', ['ks', 'w1'], (at) => times([3, 1.7][at])),
  ['metrics.5000_series_ms', later(spec('ms', 'lower', 35))],
  ['metrics.longest_slice_ms', later(spec('ms', 'lower', 20))],
  ['checkpoint.10mb_main_ms', later(spec('ms', 'lower', 12))],
  ['checkpoint.10mb_cpu_ms', later(spec('ms', 'lower', 30))],
  ['checkpoint.vs_row_per_signal', later(times(5))],
  ['checkpoint.restore_10mb_ms', later(spec('ms', 'lower', 100))],
  ['loop.longest_stall_ms', later(spec('ms', 'lower', 20))],
  // The first milestone; the goal is 95.
  ['memory.rss_idle_mb', enforced(spec('MB', 'lower', 120))],
  ['memory.rss_1000_signals_mb', spec('MB', 'lower', 115)],
  ['memory.rss_load_mb', later(spec('MB', 'lower', 250))],
  ['memory.rss_soak_growth', later(spec('', 'lower', 0.05))],
  ['memory.bytes_per_window', spec('B', 'lower', 720)],
  ['memory.bytes_per_reference', spec('B', 'lower', 2_500)],
  ['start.cpu_s', spec('s', 'lower', 0.5)],
  ['start.vs_eager', later(spec('x', 'lower', 0.5))],
  ['start.ready_s', report('s', 'lower')],
  ['sim.two_weeks_cpu_s', later(spec('s', 'lower', 30))],
  ['replay.month_s', later(spec('s', 'lower', 60))],
  ['check.50x100_p99_ms', later(spec('ms', 'lower', 2))],
] satisfies [string, Spec][]);

/** What was measured, by key. A figure that could not be measured keeps its place and says why. */
export class Figures {
  readonly #measured = new Map<string, Summary>();
  readonly #failed = new Map<string, string>();
  readonly #absent = new Map<string, string>();

  /** One value for each round. */
  add(key: string, values: readonly number[]): void {
    if (!catalogue.has(key)) throw new Error(`${key} is not in the catalogue of figures`);
    if (values.length === 0 || values.some((value) => !Number.isFinite(value))) {
      this.fail(key, `a round gave no number: ${values.join(', ')}`);
    } else this.#measured.set(key, summarise(values));
  }

  fail(key: string, why: string): void {
    this.#failed.set(key, why);
  }

  /** It could not be measured here, and that is nobody's fault: something it is compared with is not installed. */
  leaveOut(key: string, why: string): void {
    this.#absent.set(key, why);
  }

  /** All figures, in the order of the catalogue. */
  all(): Readonly<Record<string, Figure>> {
    return Object.fromEntries([...catalogue].map(([key, one]) => [key, this.#figure(key, one)]));
  }

  /** Enforced bars that were missed, or whose figure failed; one not asked for is not missed. */
  missed(): readonly string[] {
    const figures = this.all();
    return [...catalogue]
      .filter(([key, one]) => one.enforced === true && (figures[key]?.ok === false || this.#failed.has(key)))
      .map(([key]) => key);
  }

  #figure(key: string, { unit, better, bar, later: isLater }: Spec): Figure {
    const measured = this.#measured.get(key);
    const common = { unit, better, bar: bar ?? null };
    if (measured !== undefined) {
      const { value, min, max } = measured;
      const ok = bar === undefined ? null : better === 'higher' ? value >= bar : value <= bar;
      return { value: rounded(value), min: rounded(min), max: rounded(max), ...common, ok };
    }
    const why = isLater
      ? 'not built yet (later issue)'
      : (this.#failed.get(key) ?? this.#absent.get(key) ?? 'not asked for (--only)');
    return { value: null, min: null, max: null, ...common, ok: this.#failed.has(key) ? false : null, why };
  }
}
