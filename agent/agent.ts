import * as actionRegistry from '../alerts/actions/registry.ts';
import { createAuditLog } from '../alerts/audit-chain.ts';
import type { AgentIdentity } from '../alerts/channel.ts';
import * as channelRegistry from '../alerts/channels/registry.ts';
import type { Config } from '../config/config.ts';
import * as conventionRegistry from '../conventions/registry.ts';
import type { Call } from '../core/observation.ts';
import type { Ports } from '../core/ports.ts';
import type { Series } from '../core/series.ts';
import * as detectorRegistry from '../detectors/registry.ts';
import * as searchRegistry from '../detectors/searches.ts';
import type { HttpHandler } from './http.ts';
import { createActStage } from './pipeline/act.ts';
import { Aggregator } from './pipeline/aggregate.ts';
import { createAlertStage } from './pipeline/alert.ts';
import { type Books, openBooks, savedParts } from './pipeline/books.ts';
import { boundaryKey } from './pipeline/boundary-key.ts';
import { createCheckpointer } from './pipeline/checkpointer.ts';
import { ContentBook } from './pipeline/content-book.ts';
import { ContentLimit } from './pipeline/content-limit.ts';
import { createDeliverStage, readOutbox } from './pipeline/deliver.ts';
import { Explainer, newVersions } from './pipeline/explain.ts';
import { createJudge, isWatching, longestWindowMs } from './pipeline/judge.ts';
import { TrafficJudge } from './pipeline/judge-traffic.ts';
import { Ledger } from './pipeline/ledger.ts';
import { createNormaliser } from './pipeline/normalise.ts';
import type { StoredOutbox } from './pipeline/outbox-book.ts';
import { createPricer } from './pipeline/price.ts';
import { PromiseBook } from './pipeline/promise-book.ts';
import { Promises } from './pipeline/promises.ts';
import { RateJudge } from './pipeline/rate-judge.ts';
import type { ReferenceBook } from './pipeline/reference-book.ts';
import { ReferenceDesk } from './pipeline/reference-desk.ts';
import { type GivenReference, openReferences } from './pipeline/reference-parts.ts';
import { createReferenceStage } from './pipeline/reference-stage.ts';
import { announceReference } from './pipeline/references.ts';
import { Replays } from './pipeline/replay.ts';
import { type RestoredState, restore } from './pipeline/restore.ts';
import { createSampler } from './pipeline/sample.ts';
import { createSchedule } from './pipeline/schedule.ts';
import { ScoreBook } from './pipeline/scores.ts';
import { SegmentBook } from './pipeline/segment-book.ts';
import { createInspector, type Inspector, LastVerdicts } from './pipeline/status.ts';
import { createTick } from './pipeline/tick.ts';
import { Transactions } from './pipeline/transactions.ts';
import { createVerdictReader, VerdictBook, type VerdictReader } from './pipeline/verdict-book.ts';
import { createOtlpHttp } from './receivers/otlp-http.ts';
import { createReader } from './receivers/wire/reader.ts';

/** Every plug-in there is; the order of a registry does not matter. */
export const registries = {
  conventions: Object.values(conventionRegistry),
  detectors: [...Object.values(detectorRegistry), ...Object.values(searchRegistry)],
  channels: Object.values(channelRegistry),
  actions: Object.values(actionRegistry),
};

/** At stop the outbox may go on sending for this long; what is left then is stored. */
const flushMs = 10_000;

/** Runs work as a span of our own telemetry, or just runs it. */
export type Trace = <T>(name: string, work: () => Promise<T>) => Promise<T>;

export interface AgentOptions {
  readonly config: Config;
  readonly ports: Ports;
  /** References read from files. */
  readonly references: readonly GivenReference[];
  /** Who speaks, in messages and requests. */
  readonly identity: AgentIdentity;
  readonly trace: Trace;
  /** The kill switch: asked before each rollback call. */
  readonly isRollbackDisabled: () => boolean;
}

export interface Agent extends Inspector, VerdictReader {
  /** Serves OTLP; it has no socket of its own. */
  readonly otlp: HttpHandler;
  /** Takes one observation past the receivers: for replays and simulations. Synchronous, never throws on data. */
  observe(call: Call): void;
  /** What people ask about references, and decide of them. */
  readonly references: ReferenceDesk;
  /** Begins to evaluate and to checkpoint at its own pace. */
  start(): void;
  /** One evaluation now; also what the schedule runs. */
  tick(): Promise<void>;
  /** Lets go of history that is old enough. */
  maintain(): Promise<void>;
  /** Takes nothing new, evaluates and checkpoints once more, flushes the outbox (bounded). Safe twice, and before start. */
  stop(): Promise<void>;
}

/**
 * The composition root: the picture of the pipeline. It restores what was stored, wires one stage to the next, and keeps
 * no state of its own but open or stopping; five agents run in one process.
 */
export async function createAgent(options: AgentOptions): Promise<Agent> {
  const { config, ports } = options;
  const { clock, log, meter, store } = ports;
  const restored = await restore(store, log, meter);
  let phase: 'open' | 'stopping' = 'open';

  const parts = await openReferences({
    config,
    ports,
    restored,
    given: options.references,
    isWatched: watchedOnLadder(config),
  });
  const intake = createIntake(options, restored, parts.book, () => phase);
  const { aggregator } = intake;
  const books = openBooks({ config, ports, restored }, intake, parts);
  const others = savedParts(books, aggregator);
  const checkpoints = createCheckpointer({ ...ports, ...parts, ...books, aggregator, others, config });
  await checkpoints.restore(restored.closedMs);
  const outbox = await readOutbox(store, meter);
  const decisions = createDecisions(options, restored, outbox, aggregator, books);
  const { alerts, deliver, ledger } = decisions;
  ledger.add(alerts.dropOrphans(clock.nowMs()).writes);

  const learn = createReferenceStage({ ...parts, alerts, rules: config.rules, log, meter });
  const tick = createTick({ ...decisions, ...intake, learn, config, clock, meter });
  const desk = new ReferenceDesk({ ...parts, ...ports, ...decisions, aggregator, ...describeDesk(options) });
  const { ticks, saves } = createSchedules(options, tick, checkpoints);

  return {
    otlp: intake.otlp,
    observe: intake.observe,
    references: desk,
    ...createInspector({
      ...decisions,
      ...intake,
      desk,
      config,
      clock,
      meter,
      isOpen: () => phase === 'open',
    }),
    ...createVerdictReader(decisions.verdictBook, store),
    start: () => {
      deliver.wake();
      ticks.start();
      saves.start();
    },
    tick: ticks.runNow,
    maintain: async () => {
      ledger.add(deliver.purge(clock.nowMs()));
      await ledger.commit();
    },
    stop: async () => {
      if (phase === 'stopping') return;
      phase = 'stopping';
      await ticks.stop();
      await saves.stop();
      await ticks.runNow();
      parts.ladders.stop();
      await checkpoints.write('final');
      await deliver.stop(flushMs);
    },
  };
}

/** What runs at the agent's own pace. */
function createSchedules(
  { config, ports, trace }: AgentOptions,
  tick: () => Promise<void>,
  checkpoints: ReturnType<typeof createCheckpointer>,
) {
  const { clock, log, meter } = ports;
  const ticks = createSchedule({
    clock,
    meter,
    log,
    name: 'tick',
    everyMs: config.windows.tickMs,
    onLag: (lagMs) => meter.set('scheduler_lag', lagMs / 1_000),
    run: () => trace('kedge.tick', tick),
  });
  const saves = createSchedule({
    clock,
    meter,
    log,
    name: 'checkpoint',
    everyMs: config.store.checkpointEveryMs,
    // Never in the middle of a pane: half of its signals would be judged again, or never.
    run: async () => {
      await ticks.settled();
      await checkpoints.write();
    },
  });
  return { ticks, saves };
}

/** Whether any rule judges a signal by the default rule, or as drift, which is explained from the same windows. */
function watchedOnLadder({ rules }: Config): (series: Series) => boolean {
  const onLadder = new Set(registries.detectors.flatMap(({ type, ladder }) => (ladder ? [type] : [])));
  const asked = rules.filter((rule) => rule.class === 'drift' || onLadder.has(rule.detector.type));
  return ({ model, environment, signal }) =>
    asked.some((rule) => isWatching(rule, model, environment, signal));
}

function describeDesk({ config, identity }: AgentOptions) {
  return { tickMs: config.windows.paneMs, agent: `${identity.name} ${identity.version}` };
}

/** What is seen: telemetry into observations, observations into panes. Synchronous per item. */
function createIntake(
  options: AgentOptions,
  restored: RestoredState,
  book: ReferenceBook,
  state: () => 'open' | 'stopping',
) {
  const { config, ports } = options;
  const { clock, digest, log, meter } = ports;
  for (const { reference } of options.references) announceReference(reference, log, meter);
  const contentBook = new ContentBook({
    learn: config.references.learn,
    meter,
    log,
    stored: restored.contents,
  });
  const scores = new ScoreBook(meter);
  const aggregator = new Aggregator({
    config,
    digest,
    meter,
    log,
    contentBook,
    nowMs: clock.nowMs(),
    references: [],
    referenceOf: (series) => referenceOf(book, series),
    listed: () => book.all().map(({ reference }) => reference),
    judgedMs: (environment, model) => restored.closedMs.get(boundaryKey(environment, model)),
    keepMs: (model, environment, signal) => longestWindowMs(config.rules, model, environment, signal),
    onRow: (model, call) => {
      scores.add(model, call);
      segments.add(model, call);
    },
  });
  const transactions = new Transactions(config.transactions, meter, (closed) => {
    aggregator.addNumber('transaction_cost_usd', closed.costUsd, closed);
  });
  const segments = new SegmentBook({ config, budget: aggregator.budget, meter, log });
  const sample = createSampler(config.sampling);
  const price = createPricer(config.prices, meter);
  const take = (call: Call, nowMs: number): void => {
    const priced = price(sample(call));
    if (aggregator.add(priced, nowMs)) transactions.add(priced, nowMs);
  };
  let receivedMs = clock.nowMs();
  const reader = createReader({ meter });
  const contents = new ContentLimit(config.content.rowsPerSecondMax, clock, meter);
  const visit = createNormaliser({
    conventions: registries.conventions,
    keys: reader.keys,
    meter,
    contentWeight: (item) => contents.weightOf(item),
    // The rows of a request have one time of arrival: to ask the clock for each would cost more than some of them.
    onCall: (call) => take(call, receivedMs),
  });
  const otlp = createOtlpHttp({
    limits: config.receivers.otlpHttp,
    reader,
    visit,
    meter,
    log,
    clock,
    state,
    onRequest: (atMs) => {
      receivedMs = atMs;
    },
  });
  const observe = (call: Call): void => take(call, clock.nowMs());
  return { aggregator, contentBook, scores, segments, transactions, observe, otlp };
}

/** What a signal that is seen for the first time is compared with, or the edges to learn on. */
function referenceOf(book: ReferenceBook, series: Series) {
  const reference = book.inForce(series)?.reference;
  const scale = reference === undefined ? book.scaleOf(series) : undefined;
  return { ...(reference && { reference }), ...(scale && { scale }) };
}

/** What is decided: panes into verdicts, verdicts into alerts, and from them messages and calls. */
function createDecisions(
  options: AgentOptions,
  restored: RestoredState,
  outbox: StoredOutbox,
  aggregator: Aggregator,
  books: Books,
) {
  const { config, ports, identity, isRollbackDisabled } = options;
  const { digest, log, meter, random, store } = ports;
  const { policies, targets } = config.rollback;
  const runbooks = new Map(config.rules.map((rule) => [rule.name, rule.runbookUrl]));
  const audit = createAuditLog({ head: restored.auditHead, sha256: (text) => digest.sha256(text) });
  const act = createActStage({
    policies,
    targets,
    versionsOf: (model, environment) => aggregator.versionsOf(model, environment),
    killSwitch: isRollbackDisabled,
    audit,
    restored: restored.actions,
    agent: identity.name,
    ports,
  });
  const deliver = createDeliverStage({
    config: config.alerting,
    channels: registries.channels,
    actions: registries.actions,
    targets,
    ports,
    agent: identity,
    externalUrl: config.externalUrl,
    keepDoneMs: config.store.keepDoneMs,
    runbookOf: (rule) => runbooks.get(rule) ?? '',
    restored: outbox,
    killSwitch: isRollbackDisabled,
    onSettled: (row) => act.settled(row),
  });
  const alerts = createAlertStage({
    config: config.alerting,
    rules: () => config.rules,
    segments: (config.segments ?? []).map(({ name }) => name),
    random,
    digest,
    meter,
    log,
    restored,
  });
  return {
    ...createJudging(options, restored, books),
    alerts,
    audit,
    act,
    deliver,
    ledger: new Ledger(store, meter, log),
    verdicts: new LastVerdicts(),
  };
}

/** Panes into verdicts: how they are judged, explained, kept, and what was promised of them. */
function createJudging({ config, ports }: AgentOptions, restored: RestoredState, books: Books) {
  const { digest, log, meter } = ports;
  const { ladders, scores, rates, traffic, segments } = books;
  const { paneMs } = config.windows;
  const detectors = new Map(registries.detectors.map((detector) => [detector.type, detector]));
  const replays = new Replays();
  const promiseBook = new PromiseBook({ config, detectors, meter, stored: restored.given });
  const rateJudge = new RateJudge(config);
  const trafficJudge = new TrafficJudge(config, traffic);
  return {
    ...createJudge({
      config,
      detectors,
      ...books,
      paneMs,
      rateJudge,
      trafficJudge,
      search: (rule, closed, signal) => segments.judge(rule, closed, signal),
      replays,
      meter,
      log,
    }),
    ladders,
    rates,
    traffic,
    replays,
    explainer: new Explainer({
      config,
      ladders,
      scores,
      changes: [newVersions],
      isOnLadder: (rule) => detectors.get(rule.detector.type)?.ladder === true,
      meter,
      log,
      stored: restored.episodes,
    }),
    verdictBook: new VerdictBook({
      keptPerSeries: config.store.verdictsKept,
      paneMs,
      sha256: (text) => digest.sha256(text),
      meter,
      stored: restored.verdicts,
    }),
    promiseBook,
    promises: new Promises({ config, detectors, ladders, rates, book: promiseBook, meter, log }),
  };
}
