import type { Onset } from '../../core/explanation.ts';
import { decodeJson, encodeJson } from '../../core/json.ts';
import type { Meter, StoreWrite } from '../../core/ports.ts';
import type { Verdict } from '../../core/verdict.ts';

/** Rules on signals whose episodes are remembered, at most; of more, those without an open one go first. */
export const episodesMax = 10_000;
/** Earlier beginnings remembered, for what comes back: two weeks of days. */
const earlierMax = 14;
const prefix = 'episode/';

/** What one rule remembers of one signal of a model: the breach that is on, and when earlier ones began. */
export interface Episode {
  readonly rule: string;
  readonly environment: string;
  readonly model: string;
  /** Absent: the whole model. */
  readonly segment?: string;
  readonly signal: string;
  /** End of the first window that breached; absent: nothing is open. */
  readonly openedMs?: number;
  readonly effect?: number;
  readonly onset?: Onset;
  /** Event time of the last end: what lies before is another story. */
  readonly endedMs?: number;
  /** Oldest first. */
  readonly earlierMs: readonly number[];
}

/** Episodes of breaches, by model. They are stored with the tick that changed them, so a restart forgets no beginning. */
export class Episodes {
  readonly #episodes = new Map<string, Episode>();
  readonly #byModel = new Map<string, Set<string>>();
  readonly #meter: Meter;
  #writes: StoreWrite[] = [];

  constructor(meter: Meter, stored: ReadonlyMap<string, Uint8Array>) {
    this.#meter = meter;
    for (const bytes of stored.values()) {
      try {
        this.#set(decodeJson<Episode>(bytes));
      } catch {
        meter.add('corrupt_records', 1, { kind: 'record' });
      }
    }
  }

  /** Opens or closes the episode of a verdict, and returns it; undefined where none ever began. */
  follow(verdict: Verdict): Episode | undefined {
    const known = this.#episodes.get(keyOf({ rule: verdict.rule, ...verdict.series }));
    switch (verdict.status) {
      case 'breach':
        return this.#open(known, verdict);
      case 'ok':
        return known?.openedMs === undefined ? known : this.keep(closed(known, verdict.endMs));
      case 'inconclusive':
      case 'error':
        return known;
    }
  }

  /** Remembers an episode as it is now, durably. */
  keep(episode: Episode): Episode {
    this.#set(episode);
    this.#writes.push({ key: prefix + keyOf(episode), value: encodeJson(episode) });
    return episode;
  }

  /** Those that are open in a model, or in a segment of one. */
  openOf(place: Place): readonly Episode[] {
    const keys = this.#byModel.get(placeKey(place)) ?? [];
    return [...keys].flatMap((key) => {
      const episode = this.#episodes.get(key);
      return episode?.openedMs === undefined ? [] : [episode];
    });
  }

  takeWrites(): readonly StoreWrite[] {
    const writes = this.#writes;
    this.#writes = [];
    return writes;
  }

  #open(known: Episode | undefined, verdict: Verdict): Episode {
    const { environment, model, signal, segment } = verdict.series;
    const effect = verdict.effect === undefined ? {} : { effect: verdict.effect };
    if (known?.openedMs !== undefined) {
      // The size of a change that goes on is worth no write of its own.
      const next = { ...known, ...effect };
      this.#set(next);
      return next;
    }
    const earlierMs = known?.earlierMs ?? [];
    const ended = known?.endedMs === undefined ? {} : { endedMs: known.endedMs };
    const of = segment === undefined ? {} : { segment };
    const made = { rule: verdict.rule, environment, model, ...of, signal, earlierMs, ...ended, ...effect };
    return this.keep({ ...made, openedMs: verdict.endMs });
  }

  #set(episode: Episode): void {
    const key = keyOf(episode);
    if (!this.#episodes.has(key) && this.#episodes.size >= episodesMax) this.#makeRoom();
    this.#episodes.set(key, episode);
    const place = placeKey(episode);
    const keys = this.#byModel.get(place) ?? new Set();
    this.#byModel.set(place, keys.add(key));
  }

  #makeRoom(): void {
    this.#meter.add('explain_limited', 1, { reason: 'episodes_max' });
    const all = [...this.#episodes];
    const [key, episode] = all.find(([, one]) => one.openedMs === undefined) ?? all[0] ?? [];
    if (key === undefined || episode === undefined) return;
    this.#episodes.delete(key);
    this.#byModel.get(placeKey(episode))?.delete(key);
    this.#writes.push({ key: prefix + key, value: undefined });
  }
}

function closed(episode: Episode, endedMs: number): Episode {
  const { openedMs, onset, effect: _, ...rest } = episode;
  const beganMs = onset?.atMs ?? openedMs;
  const earlierMs = beganMs === undefined ? rest.earlierMs : [...rest.earlierMs, beganMs].slice(-earlierMax);
  return { ...rest, endedMs, earlierMs };
}

type Place = Pick<Episode, 'environment' | 'model' | 'segment'>;

function placeKey({ environment, model, segment }: Place): string {
  return JSON.stringify([environment, model, ...(segment === undefined ? [] : [segment])]);
}

/** Without a segment as it was before there were any. */
function keyOf({
  rule,
  signal,
  environment,
  model,
  segment,
}: Place & Pick<Episode, 'rule' | 'signal'>): string {
  return JSON.stringify([rule, environment, model, signal, ...(segment === undefined ? [] : [segment])]);
}
