import { assert } from '../core/assert.ts';
import type { Rule, RuleClass } from '../core/rule.ts';
import { type BudgetRule, budgetRules } from './budgets.ts';
import type {
  AlertingConfig,
  Config,
  PriceBook,
  PriceEntry,
  ReferenceFile,
  ReferencesConfig,
  RollbackPolicy,
  RollbackTarget,
  RouteConfig,
  SegmentConfig,
  Timing,
} from './config.ts';
import { defaultPriceBook } from './price-book.ts';
import type { Registries } from './registries.ts';
import type { ConfigForm, PriceForm, ReferenceFileForm } from './schema.ts';
import type { AlertingForm, RollbackForm, RouteForm } from './schema-alerting.ts';
import { type BudgetForm, detectorKeys, type RuleForm } from './schema-rules.ts';
import type { SegmentForm } from './schema-segments.ts';

type Detectors = Registries['detectors'];

/** The configuration of a file that has passed all checks. */
export function buildConfig(form: ConfigForm, { detectors }: Registries): Config {
  const { otlp_http } = form.receivers;
  return {
    dataDir: form.data_dir,
    environment: form.environment,
    externalUrl: form.external_url ?? '',
    receivers: {
      otlpHttp: {
        host: otlp_http.host,
        port: otlp_http.port,
        bodyBytesMax: otlp_http.body_max,
        requestsInWorkMax: otlp_http.requests_in_work_max,
        inflightBytesMax: otlp_http.inflight_bytes_max,
      },
    },
    admin: {
      host: form.admin.host,
      port: form.admin.port,
      ...(form.admin.token_file === undefined ? {} : { tokenFile: form.admin.token_file }),
    },
    windows: {
      paneMs: form.windows.pane,
      allowedLatenessMs: form.windows.allowed_lateness,
      tickMs: form.windows.tick,
    },
    limits: {
      modelsMax: form.limits.models_max,
      versionsMax: form.limits.versions_max,
      signalsMax: form.limits.signals_max,
      panesMax: form.limits.panes_max,
    },
    falseAlarms: form.false_alarms,
    models: form.models.map(({ model, environment, false_alarms }) => ({
      model,
      environment,
      falseAlarms: false_alarms,
    })),
    references: references(form.references, form.environment),
    rules: [
      ...(form.rules ?? []).map((rule) => ruleOf(rule, form.windows.pane, detectors)),
      ...form.budgets.flatMap((budget) => rulesOfBudget(budget, form.windows.pane, detectors)),
    ],
    segments: form.segments.map(segmentOf),
    prices: priceBook(form.prices),
    sampling: form.sampling.assume_ratio === undefined ? {} : { assumeRatio: form.sampling.assume_ratio },
    content: { rowsPerSecondMax: form.content.rows_per_second_max },
    transactions: { idleMs: form.transactions.idle, openMax: form.transactions.open_max },
    alerting: alerting(form.alerting),
    rollback: rollback(form.rollback, form.environment),
    store: {
      checkpointEveryMs: form.store.checkpoint_every,
      keepDoneMs: form.store.keep_done,
      maintenanceCron: form.store.maintenance_cron,
      verdictsKept: form.store.verdicts_kept,
    },
    telemetry: form.telemetry.endpoint === undefined ? {} : { endpoint: form.telemetry.endpoint },
    log: form.log,
  };
}

function ruleOf(form: RuleForm, paneMs: number, detectors: Detectors): Rule {
  const types = detectors.map(({ type }) => type);
  const type = detectorKeys(form, types)[0];
  const detector = detectors.find((each) => each.type === type);
  assert(detector !== undefined, 'the schema lets no rule pass without a known detector');
  const isAskedEachPane = detector.ladder === true || detector.search === true;
  const { segment, ...match } = form.match;
  return {
    name: form.name,
    match: { ...match, ...(segment === undefined ? {} : { segment }) },
    class: classOf(form.match.signal, detector.class),
    detector: { type: detector.type, options: (form as RuleForm & Record<string, unknown>)[detector.type] },
    // On the ladder of windows, and in a search, a rule is asked whenever a pane closes: its own window does not matter.
    lengthMs: isAskedEachPane ? paneMs : form.window,
    hopMs: isAskedEachPane ? paneMs : (form.hop ?? form.window),
    for: form.for,
    keepFiringFor: form.keep_firing_for,
    severity: form.severity,
    noDataAfter: form.no_data_after,
    runbookUrl: form.runbook_url ?? '',
    ...(form.against === undefined ? {} : { against: form.against }),
  };
}

function segmentOf(form: SegmentForm): SegmentConfig {
  const { name, from, model, environment, values, max } = form;
  const fields = typeof from === 'string' ? [from] : from;
  // Every value of a list gets its segment, whatever `max` says.
  const room = Math.max(max, values?.length ?? 0);
  return { name, from: fields, model, environment, ...(values === undefined ? {} : { values }), max: room };
}

function rulesOfBudget(form: BudgetForm, paneMs: number, detectors: Detectors): readonly Rule[] {
  return budgetRules(form, paneMs).map((budget) => ({
    name: budget.name,
    match: { model: form.model, environment: form.environment, version: '*', signal: budget.signal },
    class: classOf(budget.signal, 'cost'),
    detector: detectorOfBudget(budget, detectors),
    lengthMs: budget.lengthMs,
    hopMs: budget.hopMs,
    for: { windows: budget.windows },
    keepFiringFor: { windows: budget.windows },
    severity: form.severity,
    // A model without traffic spends nothing and is not slow; missing data is what drift rules tell of.
    noDataAfter: 0,
    runbookUrl: '',
  }));
}

function detectorOfBudget({ detector }: BudgetRule, detectors: Detectors): Rule['detector'] {
  const schema = detectors.find(({ type }) => type === detector.type)?.options;
  assert(schema !== undefined, `budgets need the detector ${detector.type} in the registry`);
  return { type: detector.type, options: schema.parse(detector.options) };
}

/** What a signal is about decides, not what is done with its numbers: PSI of the latency is about latency. */
function classOf(signal: string, otherwise: RuleClass): RuleClass {
  switch (signal) {
    case 'latency_ms':
    case 'first_token_ms':
      return 'latency';
    case 'cost_usd':
    case 'transaction_cost_usd':
    case 'tokens.input':
    case 'tokens.output':
    case 'tokens.*':
      return 'cost';
    case 'error_share':
      return 'error';
    default:
      return signal.startsWith('input.') || signal.startsWith('output.') ? 'drift' : otherwise;
  }
}

function references(form: ConfigForm['references'], environment: string): ReferencesConfig {
  const { learn, files, rolling, relearn, expires_after: expiresAfterMs } = form;
  return {
    learn: {
      rows: learn.rows,
      rowsMin: learn.rows_min,
      atLeastMs: learn.at_least,
      atMostMs: learn.at_most,
    },
    files: files.map((file) => referenceFile(file, environment)),
    rolling: { lengthMs: rolling.length, gapMs: rolling.gap },
    relearn: { onNewVersion: relearn.on_new_version, approval: relearn.approval },
    ...(expiresAfterMs === undefined ? {} : { expiresAfterMs }),
  };
}

function referenceFile(form: ReferenceFileForm, environment: string): ReferenceFile {
  const { name, model, path, columns } = form;
  return {
    name,
    model,
    environment: form.environment ?? environment,
    path,
    ...(columns === undefined ? {} : { columns }),
    rowsMax: form.rows_max,
    isDefault: form.default,
  };
}

/** The user's prices first: the first that fits counts. A book with own prices says so in its version. */
function priceBook(form: ConfigForm['prices']): PriceBook {
  const own = form.models.map(priceEntry);
  const shipped = defaultPriceBook.version;
  return {
    version: form.version ?? (own.length > 0 ? `${shipped}+own` : shipped),
    entries: [...own, ...defaultPriceBook.entries],
  };
}

function priceEntry(form: PriceForm): PriceEntry {
  const input = form.input ?? 0;
  return {
    id: form.id,
    providers: form.providers,
    models: form.models ?? [form.id.slice(form.id.lastIndexOf('/') + 1)],
    input,
    cacheRead: form.cache_read ?? input,
    cacheWrite: form.cache_write ?? input,
    output: form.output ?? 0,
    perCall: form.per_call ?? 0,
  };
}

function alerting(form: AlertingForm): AlertingConfig {
  const timing: Timing = {
    groupWaitMs: form.defaults.group_wait,
    groupIntervalMs: form.defaults.group_interval,
    repeatIntervalMs: form.defaults.repeat_interval,
    sendResolved: form.defaults.send_resolved,
  };
  const everyChannel = form.channels.map(({ name }) => name);
  return {
    groupBy: form.group_by,
    reopenWindowMs: form.reopen_window,
    channels: form.channels,
    route:
      form.route === undefined
        ? { match: {}, channels: everyChannel, continue: false, timing, routes: [] }
        : routeOf(form.route, timing),
    outbox: {
      rowsMax: form.outbox.rows_max,
      bytesMax: form.outbox.bytes_max,
      maxAgeMs: form.outbox.max_age,
    },
  };
}

function routeOf(form: RouteForm, above: Timing): RouteConfig {
  const timing: Timing = {
    groupWaitMs: form.group_wait ?? above.groupWaitMs,
    groupIntervalMs: form.group_interval ?? above.groupIntervalMs,
    repeatIntervalMs: form.repeat_interval ?? above.repeatIntervalMs,
    sendResolved: form.send_resolved ?? above.sendResolved,
  };
  const match = Object.entries(form.match).filter(
    (entry): entry is [string, string] => entry[1] !== undefined,
  );
  return {
    match: Object.fromEntries(match),
    channels: form.channels,
    continue: form.continue,
    timing,
    routes: form.routes.map((child) => routeOf(child, timing)),
  };
}

function rollback(form: RollbackForm, environment: string): Config['rollback'] {
  const targets = form.targets.map((target): RollbackTarget => {
    return { ...target, environment: target.environment ?? environment };
  });
  const policies = form.policies.map(
    (policy): RollbackPolicy => ({
      name: policy.name,
      target: policy.target,
      mode: policy.mode,
      rules: policy.rules,
      minSeverity: policy.min_severity,
      cooldownMs: policy.cooldown,
      maxPerDay: policy.max_per_day,
      maxVersionAgeMs: policy.max_version_age,
      expiresMs: policy.expires,
    }),
  );
  return { targets, policies };
}
