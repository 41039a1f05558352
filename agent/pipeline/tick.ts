import type { Config } from '../../config/config.ts';
import { encodeJson } from '../../core/json.ts';
import type { Clock, Meter, StoreWrite } from '../../core/ports.ts';
import type { Verdict } from '../../core/verdict.ts';
import type { ActDecision, ActStage } from './act.ts';
import type { Aggregator } from './aggregate.ts';
import type { AlertDecision, AlertStage } from './alert.ts';
import { boundaryKey } from './boundary-key.ts';
import type { ContentBook } from './content-book.ts';
import type { DeliverStage, Enqueued } from './deliver.ts';
import type { Explainer } from './explain.ts';
import type { Judge } from './judge.ts';
import type { LadderBook } from './ladder-book.ts';
import type { Ledger } from './ledger.ts';
import type { ModelState } from './model-state.ts';
import type { PromiseBook } from './promise-book.ts';
import type { Promises } from './promises.ts';
import type { RateBook } from './rate-book.ts';
import type { Replays } from './replay.ts';
import type { SegmentBook } from './segment-book.ts';
import type { LastVerdicts } from './status.ts';
import type { TrafficBook } from './traffic-book.ts';
import type { Transactions } from './transactions.ts';
import type { VerdictBook } from './verdict-book.ts';
import { type ClosedPane, closePanes, forgetOldPanes } from './window.ts';

export interface TickOptions {
  readonly config: Config;
  readonly aggregator: Aggregator;
  readonly transactions: Transactions;
  readonly judge: Judge['judge'];
  readonly judgeCalls: Judge['judgeCalls'];
  readonly ladders: LadderBook;
  readonly contentBook: ContentBook;
  readonly rates: RateBook;
  readonly traffic: TrafficBook;
  readonly promises: Promises;
  readonly promiseBook: PromiseBook;
  /** Everything that learns from a pane; returns what is to be stored. */
  readonly learn: (closed: ClosedPane, nowMs: number) => readonly StoreWrite[];
  readonly segments: SegmentBook;
  readonly alerts: AlertStage;
  readonly act: ActStage;
  readonly deliver: DeliverStage;
  readonly ledger: Ledger;
  readonly verdicts: LastVerdicts;
  readonly explainer: Explainer;
  readonly replays: Replays;
  readonly verdictBook: VerdictBook;
  readonly clock: Clock;
  readonly meter: Meter;
}

/**
 * One evaluation: closes panes, judges windows, moves alerts, decides rollbacks and queues messages, then commits all
 * of it as one transaction, and only then lets the outbox send. It runs at its own pace: load never changes the order
 * of decisions. Where the store fails, messages go out all the same; a rollback, whose record must come first, does not.
 */
export function createTick(options: TickOptions): () => Promise<void> {
  return async () => {
    const startedMs = options.clock.monotonicMs();
    const turn = new Turn(options, options.clock.nowMs());
    await turn.evaluate();
    await turn.settle();
    options.meter.observe('tick_seconds', (options.clock.monotonicMs() - startedMs) / 1_000);
  };
}

/** Signals of a pane judged in one go: some 5 ms. */
const signalsPerPart = 250;

/** What one tick decides, until it is committed. */
class Turn {
  readonly #options: TickOptions;
  readonly #nowMs: number;
  readonly #enqueued: Enqueued[] = [];
  readonly #acted: ActDecision[] = [];

  constructor(options: TickOptions, nowMs: number) {
    this.#options = options;
    this.#nowMs = nowMs;
  }

  async evaluate(): Promise<void> {
    const { aggregator, transactions, alerts, contentBook, ladders, rates, ledger } = this.#options;
    transactions.closeIdle(this.#nowMs);
    aggregator.flushMetrics();
    for (const state of aggregator.states()) await this.#evaluateModel(state);
    ledger.add(contentBook.takeWrites(this.#nowMs));
    // Models are made between ticks as well.
    ledger.add([...ladders.takeWrites(), ...rates.takeWrites()]);
    this.#absorb(alerts.due(this.#nowMs));
  }

  /** Durable first, then said. */
  async settle(): Promise<void> {
    const { ledger, deliver } = this.#options;
    const isDurable = await ledger.commit();
    if (isDurable) for (const acted of this.#acted) acted.commit();
    for (const rows of this.#enqueued) {
      if (isDurable) {
        rows.commit();
        continue;
      }
      // From here the outbox writes its rows itself: an old state of them must not come after a new one.
      ledger.release(rows.writes);
      rows.commitUnsaved();
    }
    deliver.wake();
  }

  async #evaluateModel(state: ModelState): Promise<void> {
    const { learn, segments, promises, alerts, ledger, verdicts, meter, config } = this.#options;
    let closedAny = false;
    for (const closed of closePanes(state, this.#nowMs, config)) {
      closedAny = true;
      meter.add('panes_closed', 1);
      ledger.add(learn(closed, this.#nowMs));
      segments.feed(closed);
      const judged = this.#explainAndKeep(closed, await this.#judge(closed));
      for (const verdict of judged) verdicts.keep(verdict);
      if (judged.length > 0) this.#absorb(alerts.decide(judged, this.#nowMs));
      promises.follow(closed, this.#nowMs);
      forgetOldPanes(state);
    }
    // A segment has the boundary of its model.
    if (!closedAny || state.whole !== undefined) return;
    meter.set('watermark', state.closedMs / 1_000, { model: state.model });
    ledger.add([boundaryWrite(state)]);
  }

  /** Each breach with its explanation; what is to be kept is, with what it was made from. */
  #explainAndKeep(closed: ClosedPane, judged: readonly Verdict[]): readonly Verdict[] {
    const { explainer, replays, verdictBook, ledger } = this.#options;
    const explained = explainer.explain(closed, judged);
    const kept = explained.map((verdict, i) => {
      const bare = judged[i] ?? verdict;
      return verdictBook.keep(verdict, () => replays.of(bare));
    });
    ledger.add(explainer.takeWrites());
    ledger.add(verdictBook.takeWrites());
    return kept;
  }

  /** A pane of many signals is judged in parts: between them all else gets its turn, such as rows of later panes. */
  async #judge(closed: ClosedPane): Promise<readonly Verdict[]> {
    const { judge, judgeCalls, ladders, rates, traffic } = this.#options;
    rates.feed(closed);
    traffic.feed(closed);
    const signals = [...closed.state.signals.values()];
    const verdicts: Verdict[] = [];
    for (let from = 0; from < signals.length; from += signalsPerPart) {
      if (from > 0) await this.#pause();
      const part = signals.slice(from, from + signalsPerPart);
      ladders.feed(closed, part);
      for (const verdict of judge(closed, part)) verdicts.push(verdict);
    }
    verdicts.push(...judgeCalls(closed));
    return verdicts;
  }

  #pause(): Promise<void> {
    const { clock } = this.#options;
    return new Promise((resolve) => {
      clock.runAt(clock.nowMs(), resolve);
    });
  }

  /** Alerts first, then what may follow from them, then what is said of both. */
  #absorb(decision: AlertDecision): void {
    const { act, alerts, deliver, ledger, promiseBook } = this.#options;
    ledger.add(decision.writes);
    ledger.add(promiseBook.note(decision.transitions, this.#nowMs));
    const acted = act.consider(decision.transitions, this.#nowMs);
    this.#acted.push(acted);
    ledger.add(acted.writes);
    for (const request of acted.requests) this.#enqueue(deliver.enqueueRollback(request, this.#nowMs));
    const notices = [...decision.notices];
    for (const [incident, sentences] of acted.notes) {
      for (const sentence of sentences) ledger.add(alerts.attach(incident, sentence, 'kedge', this.#nowMs));
    }
    for (const { action } of acted.requests) {
      const announced = alerts.announceRollback(action.incident, this.#nowMs);
      ledger.add(announced.writes);
      notices.push(...announced.notices);
    }
    this.#enqueue(deliver.enqueue(notices, this.#nowMs, (incident) => act.sentencesOf(incident)));
  }

  #enqueue(rows: Enqueued): void {
    this.#options.ledger.add(rows.writes);
    this.#enqueued.push(rows);
  }
}

function boundaryWrite(state: ModelState): StoreWrite {
  return {
    key: `boundary/${boundaryKey(state.environment, state.model)}`,
    value: encodeJson(state.closedMs),
  };
}
