import { createMemoryBlobs } from '../../agent/adapters/memory-blobs.ts';
import { memoryLog } from '../../agent/adapters/memory-log.ts';
import { memoryMeter } from '../../agent/adapters/memory-meter.ts';
import { createMemoryStore } from '../../agent/adapters/memory-store.ts';
import { nodeDigest } from '../../agent/adapters/node-digest.ts';
import { recordOnly } from '../../agent/adapters/record-only.ts';
import { seededRandom } from '../../agent/adapters/seeded-random.ts';
import { createVirtualClock } from '../../agent/adapters/virtual-clock.ts';
import { type Agent, createAgent, registries } from '../../agent/agent.ts';
import type { GivenReference } from '../../agent/pipeline/reference-parts.ts';
import { loadConfig } from '../../config/load.ts';
import { type Clock, NoAnswer, type Random } from '../../core/ports.ts';

/** One message as its receiver saw it. */
export interface Heard {
  readonly atMs: number;
  readonly id: string;
  readonly type: string;
  readonly incident: string;
  readonly model: string;
  readonly signals: readonly string[];
}

/** How often a post fails, and how: refused with 503, or lost before or after it was read. */
export interface Weather {
  readonly refused: number;
  readonly lostBefore: number;
  readonly lostAfter: number;
}

/**
 * A whole world in one process: one agent on a virtual clock, its disk, and one receiver of webhooks behind bad weather.
 * Everything follows from the seed.
 */
export class World {
  readonly clock: ReturnType<typeof createVirtualClock>;
  readonly random: Random;
  readonly meter = memoryMeter();
  readonly log = memoryLog();
  /** Accepted posts, repeats of one id left out. */
  readonly heard: Heard[] = [];
  readonly #accepted = new Set<string>();
  readonly #records = new Map<string, Uint8Array>();
  readonly #files = new Map<string, Uint8Array>();
  readonly #config;
  readonly #weather: Weather;
  readonly #ticksByHand: boolean;
  readonly #references: readonly GivenReference[];
  #agent: Agent | undefined;
  #life = { isOver: false };

  constructor(options: {
    readonly seed: number;
    readonly startMs: number;
    readonly yaml: string;
    readonly weather: Weather;
    /** Evaluates only when `agent.tick()` is called: weeks of daily verdicts need no tick a minute. */
    readonly ticksByHand?: boolean;
    /** References as if read from files. */
    readonly references?: readonly GivenReference[];
  }) {
    this.#references = options.references ?? [];
    this.#ticksByHand = options.ticksByHand ?? false;
    this.clock = createVirtualClock(options.startMs);
    this.random = seededRandom(options.seed);
    this.#weather = options.weather;
    const loaded = loadConfig(options.yaml, 'world.yaml', registries, { env: {}, readFile: () => undefined });
    if (!loaded.ok)
      throw new Error(loaded.faults.map((fault) => `${fault.line}: ${fault.message}`).join('\n'));
    this.#config = loaded.config;
  }

  get agent(): Agent {
    if (this.#agent === undefined) throw new Error('the world was not started');
    return this.#agent;
  }

  /** Starts the agent on what is on disk. Again: the one before has crashed, and does nothing any more. */
  async start(): Promise<void> {
    this.#life.isOver = true;
    const life = { isOver: false };
    this.#life = life;
    const { http, mail } = recordOnly({ http: (request) => this.#answer(request.headers, request.body) });
    this.#agent = await createAgent({
      config: this.#config,
      ports: {
        clock: mortal(this.clock, life),
        random: this.random,
        digest: nodeDigest(),
        store: createMemoryStore(this.#records),
        blobs: createMemoryBlobs(this.#files),
        http,
        mail,
        log: this.log,
        meter: this.meter,
      },
      references: this.#references,
      identity: { name: 'kedge', version: '0.0.0' },
      trace: (_name, work) => work(),
      isRollbackDisabled: () => false,
    });
    if (!this.#ticksByHand) this.#agent.start();
  }

  /** The kinds of message heard about a model, in order. */
  storyOf(model: string): readonly string[] {
    return this.heard
      .filter((one) => one.model === model)
      .map((one) => one.type.replace(/^dev\.kedge\.alert\.|\.v1$/g, ''));
  }

  #answer(headers: Readonly<Record<string, string>>, body: Uint8Array) {
    const { refused, lostBefore, lostAfter } = this.#weather;
    const luck = this.random.next();
    if (luck < refused) return { status: 503, headers: {}, body: new Uint8Array() };
    if (luck < refused + lostBefore)
      return new NoAnswer('connection refused', { sent: false, permanent: false });
    this.#read(headers['webhook-id'] ?? '', body);
    if (luck < refused + lostBefore + lostAfter)
      return new NoAnswer('connection reset', { sent: true, permanent: false });
    return { status: 204, headers: {}, body: new Uint8Array() };
  }

  #read(id: string, body: Uint8Array): void {
    if (this.#accepted.has(id)) return;
    this.#accepted.add(id);
    const event = JSON.parse(new TextDecoder().decode(body)) as {
      type: string;
      subject: string;
      data: { group: { model?: string }; alerts: { signal: string }[] };
    };
    this.heard.push({
      atMs: this.clock.nowMs(),
      id,
      type: event.type,
      incident: event.subject,
      model: event.data.group.model ?? '',
      signals: event.data.alerts.map((alert) => alert.signal),
    });
  }
}

/** A clock whose tasks die with the process that set them. */
function mortal(clock: Clock, life: { readonly isOver: boolean }): Clock {
  return {
    nowMs: () => clock.nowMs(),
    monotonicMs: () => clock.monotonicMs(),
    runAt: (atMs, task) => clock.runAt(atMs, () => (life.isOver ? undefined : task())),
  };
}
