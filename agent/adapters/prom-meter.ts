import type { Counter, Gauge, Histogram, Registry, RegistryContentType } from 'prom-client';
import type { Labels } from '../../core/labels.ts';
import { type MetricKey, type MetricSpec, metrics } from '../../core/metrics.ts';
import type { Meter } from '../../core/ports.ts';
import { createLabelFolder, type LabelFolder } from './label-folder.ts';

export interface RenderedMetrics {
  readonly contentType: string;
  readonly text: string;
}

export interface PromMeter extends Meter {
  /**
   * The page of all metrics, as OpenMetrics when `accept` prefers it, else in Prometheus's text format 0.0.4.
   */
  render(accept: string): Promise<RenderedMetrics>;
  /** The sum over all series of one metric; of a histogram, its number of observations. */
  total(key: MetricKey): Promise<number>;
}

export interface PromMeterOptions {
  /** Called before a page is rendered, to set what is only measured then. */
  readonly beforeRender?: () => void;
}

/** Scrapes within this time get one page: several Prometheus servers scrape at about the same moment. */
const sharedMs = 1_000;

type Collector = Counter | Gauge | Histogram;
type Format = 'text' | 'openmetrics';

interface Family {
  readonly spec: MetricSpec;
  readonly collector: Collector;
  readonly folder: LabelFolder;
}

/**
 * Every metric of the catalogue in prom-client; no global registry, so that several agents live in one
 * process.
 */
export async function createPromMeter(options: PromMeterOptions = {}): Promise<PromMeter> {
  const { default: prom } = await import('prom-client');
  const families = new Map<MetricKey, Family>();
  for (const [key, spec] of Object.entries(metrics) as [MetricKey, MetricSpec][]) {
    const family = {
      spec,
      collector: createCollector(prom, spec),
      folder: createLabelFolder(spec.labels ?? {}),
    };
    showFromStart(family);
    families.set(key, family);
  }
  const registries = {
    text: new prom.Registry(),
    openmetrics: new prom.Registry(),
  };
  (registries.openmetrics as Registry<RegistryContentType>).setContentType(
    prom.Registry.OPENMETRICS_CONTENT_TYPE,
  );
  return new CatalogueMeter(families, registries, options.beforeRender ?? (() => {}));
}

class CatalogueMeter implements PromMeter {
  readonly #families: ReadonlyMap<MetricKey, Family>;
  readonly #registries: Readonly<Record<Format, Registry>>;
  readonly #beforeRender: () => void;
  readonly #shared = new Map<Format, { readonly sinceMs: number; readonly page: Promise<RenderedMetrics> }>();

  constructor(
    families: ReadonlyMap<MetricKey, Family>,
    registries: Readonly<Record<Format, Registry>>,
    beforeRender: () => void,
  ) {
    this.#families = families;
    this.#registries = registries;
    this.#beforeRender = beforeRender;
  }

  add(key: MetricKey, amount: number, labels: Labels = {}): void {
    const { spec, collector } = this.#family(key);
    if (spec.type !== 'counter' || !(amount >= 0) || amount === Number.POSITIVE_INFINITY) this.#misuse();
    else (collector as Counter).inc(this.#fold(key, labels), amount);
  }

  set(key: MetricKey, value: number, labels: Labels = {}): void {
    const { spec, collector } = this.#family(key);
    if (spec.type !== 'gauge' || !Number.isFinite(value)) this.#misuse();
    else (collector as Gauge).set(this.#fold(key, labels), value);
  }

  observe(key: MetricKey, value: number, labels: Labels = {}): void {
    const { spec, collector } = this.#family(key);
    if (spec.type !== 'histogram' || !Number.isFinite(value)) this.#misuse();
    else (collector as Histogram).observe(this.#fold(key, labels), value);
  }

  clear(key: MetricKey): void {
    const family = this.#family(key);
    family.collector.reset();
    family.folder.forget();
    showFromStart(family);
  }

  render(accept: string): Promise<RenderedMetrics> {
    const format = prefersOpenMetrics(accept) ? 'openmetrics' : 'text';
    const shared = this.#shared.get(format);
    if (shared !== undefined && performance.now() - shared.sinceMs < sharedMs) return shared.page;
    const page = this.#renderNow(format);
    this.#shared.set(format, { sinceMs: performance.now(), page });
    return page;
  }

  async total(key: MetricKey): Promise<number> {
    const { spec, collector } = this.#family(key);
    const { values } = await collector.get();
    const counted = spec.type === 'histogram' ? values.filter(isCount) : values;
    return counted.reduce((sum, { value }) => sum + value, 0);
  }

  /**
   * One family per turn of the loop: a family has at most 1,000 series, and rendering one costs 4 to 5 µs.
   */
  async #renderNow(format: Format): Promise<RenderedMetrics> {
    this.#beforeRender();
    const registry = this.#registries[format];
    const parts: string[] = [];
    for (const { collector } of this.#families.values()) {
      parts.push(await renderFamily(registry, collector, format));
      await new Promise(setImmediate);
    }
    const text = format === 'text' ? `${parts.join('\n\n')}\n` : `${parts.join('\n')}\n# EOF\n`;
    return { contentType: registry.contentType, text };
  }

  #fold(key: MetricKey, labels: Labels): Labels {
    const { labels: kept, folded } = this.#family(key).folder.fold(labels);
    if (folded) (this.#family('metric_series_folded').collector as Counter).inc(1);
    return kept;
  }

  #family(key: MetricKey): Family {
    return this.#families.get(key) as Family;
  }

  /** A metric used against its type, or with a number that is none: our own fault, and no reason to stop. */
  #misuse(): void {
    (this.#family('internal_errors').collector as Counter).inc({ stage: 'admin' }, 1);
  }
}

function createCollector(prom: typeof import('prom-client'), spec: MetricSpec): Collector {
  const common = {
    name: spec.name,
    help: spec.help,
    labelNames: Object.keys(spec.labels ?? {}),
    registers: [],
  };
  switch (spec.type) {
    case 'counter':
      return new prom.Counter(common);
    case 'gauge':
      return new prom.Gauge(common);
    case 'histogram':
      return new prom.Histogram({ ...common, buckets: [...(spec.buckets ?? [])] });
  }
}

function isCount(value: object): boolean {
  return 'metricName' in value && String(value.metricName).endsWith('_count');
}

/**
 * Series whose labels are all closed exist with 0 before anything happened, so that absence means trouble.
 */
function showFromStart({ spec, collector, folder }: Family): void {
  for (const labels of folder.closedCombinations()) {
    if (spec.type === 'counter') (collector as Counter).inc(labels, 0);
    else if (spec.type === 'gauge') (collector as Gauge).set(labels, 0);
    else (collector as Histogram).zero(labels);
  }
}

/** In prom-client, but not in its types. */
interface FamilyWriter {
  getMetricsAsString(family: unknown): Promise<string>;
}

/**
 * OpenMetrics names a counter without its `_total`. `registry.metrics()` takes the ending away from the
 * counter itself, for good, and damages every later page in text (client_js pull request 829); so the shorter
 * name is lent to a view.
 */
function renderFamily(registry: Registry, collector: Collector, format: Format): Promise<string> {
  const writer = registry as unknown as FamilyWriter;
  const { type } = collector as unknown as { readonly type: string };
  if (format === 'text' || type !== 'counter') return writer.getMetricsAsString(collector);
  const get = async () => {
    const family = await collector.get();
    return { ...family, name: family.name.replace(/_total$/, '') };
  };
  return writer.getMetricsAsString({ get });
}

/** By the q values of an Accept header; on a tie OpenMetrics, as only who knows it names it. */
function prefersOpenMetrics(accept: string): boolean {
  let openMetrics = 0;
  let text = 0;
  for (const part of accept.slice(0, 1_024).split(',')) {
    const [type = '', ...parameters] = part.split(';').map((piece) => piece.trim().toLowerCase());
    const quality = Number(parameters.find((piece) => piece.startsWith('q='))?.slice(2) ?? '1') || 0;
    if (type === 'application/openmetrics-text') openMetrics = Math.max(openMetrics, quality);
    else if (type === 'text/plain') text = Math.max(text, quality);
  }
  return openMetrics > 0 && openMetrics >= text;
}
