import { metrics as catalogue, type MetricKey } from '../../core/metrics.ts';

export interface SelfTelemetryOptions {
  /** Base URL of an OTLP/HTTP receiver, `http://collector:4318`; never one of our own listeners. */
  readonly endpoint: string;
  readonly serviceVersion: string;
  /** The sum over all series of a metric, for those that are mirrored. */
  readonly readMetric: (key: MetricKey) => Promise<number>;
  readonly exportEveryMs?: number;
}

export interface SelfTelemetry {
  /** Runs the work as a span of this name; what it throws is recorded and thrown on. */
  traceTick<T>(name: string, work: () => Promise<T>): Promise<T>;
  /** Exports what is left, as far as the receiver takes it within a few seconds. Safe twice. */
  stop(): Promise<void>;
}

/** Incoming telemetry of this name is our own and is not counted: watching ourselves would never end. */
export const selfServiceName = 'kedge';

const defaultExportEveryMs = 30_000;
const exportTimeoutMs = 5_000;
const stopMs = 5_000;
const spansMax = 2_048;

/** The few metrics that say how the agent is; the full set is on /metrics. */
const mirrored: readonly MetricKey[] = [
  'ready',
  'resident_memory',
  'rows',
  'dropped',
  'alerts',
  'incidents',
  'notifications',
  'storage_degraded',
];

/**
 * The agent's own traces and metrics over OTLP/HTTP protobuf. OpenTelemetry keeps one provider per process,
 * so this is started once, and only when an endpoint is set: loading the SDK costs half a second and 40 MB.
 */
export async function startSelfTelemetry(options: SelfTelemetryOptions): Promise<SelfTelemetry> {
  const api = await import('@opentelemetry/api');
  const sdk = await createSdk(options);
  sdk.start();
  const meter = api.metrics.getMeter(selfServiceName, options.serviceVersion);
  for (const key of mirrored) mirror(meter, key, options.readMetric);
  const tracer = api.trace.getTracer(selfServiceName, options.serviceVersion);
  let stopped = false;
  return {
    traceTick: (name, work) =>
      tracer.startActiveSpan(name, async (span) => {
        try {
          return await work();
        } catch (error) {
          span.recordException(error as Error);
          span.setStatus({ code: api.SpanStatusCode.ERROR });
          throw error;
        } finally {
          span.end();
        }
      }),
    stop: async () => {
      if (stopped) return;
      stopped = true;
      await withinMs(sdk.shutdown(), stopMs);
      for (const part of [api.trace, api.metrics, api.context, api.propagation]) part.disable();
    },
  };
}

/**
 * Everything is said explicitly: what is left out, NodeSDK fills with exporters to localhost:4318, which is
 * Kedge.
 */
async function createSdk({ endpoint, serviceVersion, exportEveryMs }: SelfTelemetryOptions) {
  const [node, traces, metrics, traceExport, metricExport, resources] = await Promise.all([
    import('@opentelemetry/sdk-node'),
    import('@opentelemetry/sdk-trace'),
    import('@opentelemetry/sdk-metrics'),
    import('@opentelemetry/exporter-trace-otlp-proto'),
    import('@opentelemetry/exporter-metrics-otlp-proto'),
    import('@opentelemetry/resources'),
  ]);
  const base = endpoint.replace(/\/+$/, '');
  const everyMs = exportEveryMs ?? defaultExportEveryMs;
  const spans = new traceExport.OTLPTraceExporter({
    url: `${base}/v1/traces`,
    timeoutMillis: exportTimeoutMs,
  });
  const points = new metricExport.OTLPMetricExporter({
    url: `${base}/v1/metrics`,
    timeoutMillis: exportTimeoutMs,
  });
  return new node.NodeSDK({
    resource: resources.resourceFromAttributes({
      'service.name': selfServiceName,
      'service.version': serviceVersion,
    }),
    autoDetectResources: false,
    sampler: new traces.AlwaysOnSampler(),
    spanProcessors: [
      new traces.BatchSpanProcessor({
        exporter: spans,
        scheduledDelayMillis: everyMs,
        exportTimeoutMillis: exportTimeoutMs,
        maxQueueSize: spansMax,
      }),
    ],
    metricReaders: [
      new metrics.PeriodicExportingMetricReader({
        exporter: points,
        exportIntervalMillis: everyMs,
        exportTimeoutMillis: Math.min(exportTimeoutMs, everyMs),
      }),
    ],
    logRecordProcessors: [],
    instrumentations: [],
    textMapPropagator: null,
  });
}

function mirror(
  meter: import('@opentelemetry/api').Meter,
  key: MetricKey,
  read: SelfTelemetryOptions['readMetric'],
): void {
  const { name, help: description, type } = catalogue[key];
  const shown = name.replace(/_total$/, '');
  const instrument =
    type === 'counter'
      ? meter.createObservableCounter(shown, { description })
      : meter.createObservableGauge(shown, { description });
  instrument.addCallback(async (result) => result.observe(await read(key)));
}

/** A receiver that hangs or refuses must not keep the agent from stopping. */
async function withinMs(work: Promise<unknown>, ms: number): Promise<void> {
  let timer: NodeJS.Timeout | undefined;
  const late = new Promise<void>((resolve) => {
    timer = setTimeout(resolve, ms);
  });
  await Promise.race([work.catch(() => undefined), late]);
  clearTimeout(timer);
}
