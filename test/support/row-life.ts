import { callOf } from './calls.ts';
import { hourMs, minuteMs } from './test-config.ts';
import { World } from './world.ts';

export const startMs = 500_000 * hourMs;

const head = `
data_dir: none
store: { checkpoint_every: 10m }
windows: { tick: 1m }
alerting:
  defaults: { group_wait: 0s, group_interval: 0s, repeat_interval: 30d }
  channels: [{ name: hook, type: webhook, url: "http://127.0.0.1:9/hook", secrets: ["whsec_AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA="] }]
  route: { channels: [hook] }
`;
const usualYaml = 'references: { learn: { rows: 500, rows_min: 300, at_least: 5d } }\n';

/** What rows are like at some hour. */
export interface Shares {
  readonly missing?: number;
  readonly unseen?: number;
  readonly failed?: number;
  /** In standard deviations. */
  readonly shift?: number;
}

export interface LifePlan {
  readonly hours: number;
  readonly seed?: number;
  /** Rows of each pane of five minutes. */
  readonly rows: (hour: number) => number;
  readonly shares: (hour: number) => Shares;
  readonly restartAtHour?: number;
  /** Beside what every world has. */
  readonly yaml?: string;
}

/** One model with one number, `income`, and one level, `country`; rows evenly over each pane of five minutes. */
export async function live(plan: LifePlan): Promise<World> {
  const { hours, seed = 5, rows, shares, restartAtHour = -1, yaml = usualYaml } = plan;
  const weather = { refused: 0, lostBefore: 0, lostAfter: 0 };
  const world = new World({ seed, startMs, yaml: head + yaml, weather });
  await world.start();
  const { random } = world;
  let id = 0;
  for (let pane = 0; pane < hours * 12; pane++) {
    const atMs = startMs + pane * 5 * minuteMs;
    if (pane === restartAtHour * 12) {
      await world.clock.advanceTo(atMs);
      await world.start();
    }
    const { missing = 0, unseen = 0, failed = 0, shift = 0 } = shares(pane / 12);
    const count = rows(pane / 12);
    for (let i = 0; i < count; i++) {
      const value = 50 + 20 * (random.next() + random.next() - 1 + shift * 0.408);
      const country = ['AT', 'CH', 'DE'][Math.floor(3 * random.next())] as string;
      const inputs = {
        income: random.next() < missing ? null : value,
        country: random.next() < unseen ? 'XX' : country,
      };
      const result = random.next() < failed ? 'error' : 'ok';
      id++;
      world.agent.observe(callOf({ timeMs: atMs + (i * 5 * minuteMs) / count, id, result, inputs }));
    }
    await world.clock.advanceTo(atMs + 5 * minuteMs);
  }
  await world.clock.advanceTo(startMs + hours * hourMs + 10 * minuteMs);
  return world;
}

/** `rule signal` of each alert that fired, in order. */
export function firedIn(world: World): readonly string[] {
  return world.log.lines
    .filter((line) => line.event.endsWith('→ FIRING'))
    .map((line) => `${String(line.fields?.['rule'])} ${String(line.fields?.['signal'])}`);
}
