import { buildReferences, createCollector } from '../../agent/pipeline/reference-file.ts';
import type { GivenReference } from '../../agent/pipeline/reference-parts.ts';
import type { Verdict } from '../../core/verdict.ts';
import { callOf } from './calls.ts';
import { sha256 } from './detector-data.ts';
import { World } from './world.ts';

const dayMs = 86_400_000;

type Inputs = Readonly<Record<string, number | string | null>>;

/** One row of real data, at its own time. */
export interface RealRow {
  readonly timeMs: number;
  readonly inputs: Inputs;
  readonly model?: string;
  readonly version?: string;
}

/** What the agent said of one step. */
export interface Said {
  /** The day that had just passed, `2001-02-24`. */
  readonly day: string;
  readonly verdicts: readonly Verdict[];
  /** Signals with an alert that fires. */
  readonly firing: readonly string[];
}

/** As a backfill: the data lie so far back, and move event time at their own pace. */
const backMs = 365 * dayMs;
const latenessMs = 1_000;

/**
 * Lives through rows of real data on a virtual clock, through the whole agent, and asks at the end of each day what it says.
 * Rows must be in the order of their times; the configuration must allow a second of lateness.
 */
export async function replay(options: {
  readonly yaml: string;
  readonly rows: readonly RealRow[];
  readonly references?: readonly GivenReference[];
}): Promise<{ readonly days: readonly Said[]; readonly world: World }> {
  const { rows, references = [] } = options;
  const lastMs = rows.at(-1)?.timeMs ?? 0;
  const weather = { refused: 0, lostBefore: 0, lostAfter: 0 };
  const world = new World({ seed: 1, startMs: lastMs + backMs, yaml: options.yaml, weather, references });
  await world.start();
  const days: Said[] = [];
  for (let next = 0; next < rows.length; ) {
    const dayStartMs = Math.floor((rows[next] as RealRow).timeMs / dayMs) * dayMs;
    const endMs = dayStartMs + dayMs;
    for (; next < rows.length && (rows[next] as RealRow).timeMs < endMs; next++) {
      const { timeMs, inputs, model = 'real', version = '1' } = rows[next] as RealRow;
      world.agent.observe(callOf({ timeMs, inputs, model, version, id: next + 1 }));
    }
    // Silence until the day is over closes its last pane, and no more than that.
    await world.clock.advanceTo(
      world.clock.nowMs() + endMs - (rows[next - 1] as RealRow).timeMs + latenessMs,
    );
    await world.agent.tick();
    const { verdicts, alerts } = world.agent.status();
    const firing = alerts
      .filter(({ condition }) => condition === 'firing' || condition === 'recovering')
      .map(({ model, signal }) => `${model}/${signal}`);
    days.push({ day: new Date(dayStartMs).toISOString().slice(0, 10), verdicts, firing });
  }
  return { days, world };
}

/** The references a file with these rows would give. */
export function referencesOf(rows: readonly Inputs[], model = 'real'): readonly GivenReference[] {
  const file = { name: 'file', model, environment: 'prod', path: '', rowsMax: 1_000_000 };
  const collector = createCollector(file);
  for (const row of rows) collector.add(new Map(Object.entries(row)));
  const built = buildReferences(file, collector, 0, sha256);
  return built.map(({ reference }) => ({ reference, isDefault: true }));
}
