/** The tables of the judgement bench, as text. */
import { asked } from './default-rule.ts';
import { type Delays, quantileOf, ruleNames } from './delays.ts';
import type { AlarmCount, FalseAlarms } from './false-alarms.ts';
import { type Figure, type Figures, poissonInterval, rateOf } from './figures.ts';
import type { MatrixCell, MatrixOptions } from './matrix.ts';
import { peerRules } from './peers.ts';
import type { ThinFound } from './thin.ts';
import { type Calibration, calibrationAlphas, type ShiftFound } from './windows.ts';

export type Line = (text: string) => void;

export function printFalseAlarms(runs: readonly FalseAlarms[], strict: boolean, say: Line): void {
  if (runs.length === 0) return;
  const { signals, months, peerSignals } = runs[0] as FalseAlarms;
  say(`\nFalse alarms a month over ${signals} signals, ${months} months of each process, asked ${asked}:`);
  say(
    `raw / episodes; [95 % interval]. The rules of others ran on ${peerSignals} of the signals, scaled up.`,
  );
  say(row(['process', 'default', '', 'season', ...peerRules]));
  for (const run of runs) {
    const { low, high } = poissonInterval(run.default.episodes);
    const isOk = strict ? run.default.episodes <= months && high / months < 2 : low / months <= 1;
    const interval = `[${short(low / months)}, ${short(high / months)}] ${isOk ? 'ok' : 'MISSED'}`;
    const scale = signals / peerSignals / months;
    const own = perMonth(run.default, 1 / months);
    const stages = [...run.stages].map(([stage, count]) => `${stage} ${count}`).join(' ');
    say(
      row([run.process, own, interval, stages, ...peerRules.map((rule) => perMonth(run.peers[rule], scale))]),
    );
  }
}

/** A line for each shape, size of file and family; a column for each size of window. */
export function printFiles(
  byShape: readonly (readonly MatrixCell[])[],
  matrix: MatrixOptions,
  say: Line,
): void {
  say(`\nFalse alarms in the first month against a reference file, by the rows of an hour; asked ${asked}:`);
  say('raw / episodes, scaled up from the signals that ran; [95 % interval of the episodes a month].');
  say(
    row(
      ['values, file, signals (run)', ...matrix.rowsPerHour.map((rows) => `${short(rows)} rows`), 'all'],
      15,
    ),
  );
  for (const cells of byShape) {
    for (const m of matrix.references) {
      for (const family of matrix.families) {
        const mine = cells.filter((cell) => cell.m === m && cell.family === family);
        const factor = family.signals / family.run;
        const counts = mine.map((cell) => `${short(cell.raw * factor)} / ${short(cell.episodes * factor)}`);
        const { value, low, high } = rateOf(mine);
        const all = `${short(value)} [${short(low)}, ${short(high)}] ${low <= asked ? 'ok' : 'MISSED'}`;
        const name = `${mine[0]?.shape} ${short(m)} ${family.signals} (${family.run})`;
        say(row([name.padEnd(28), ...counts, all], 15));
      }
    }
  }
}

export function printThin(found: readonly ThinFound[], say: Line): void {
  say(
    `\nOne value a day against a file, half a year, by the correlation of neighbouring days; asked ${asked}:`,
  );
  for (const one of found) {
    const { low, high } = poissonInterval(one.episodes);
    const rate = `${short(one.episodes / one.months)} [${short(low / one.months)}, ${short(high / one.months)}]`;
    const word = low / one.months <= asked ? 'ok' : 'MISSED';
    say(row([`rho ${one.rho}, file of ${one.m}`, `${one.raw} / ${one.episodes}`, `${rate} a month ${word}`]));
  }
}

export function printDelays(all: readonly Delays[], say: Line): void {
  if (all.length === 0) return;
  say(`\nRows after the change, median / p90 (share found), ${(all[0] as Delays).runs} runs each:`);
  say(row(['drift', ...ruleNames], 28));
  for (const delays of all) {
    const cells = ruleNames.map((rule) => {
      const rows = delays.rows[rule];
      const found = rows.filter(Number.isFinite).length / rows.length;
      if (found === 0) return 'never';
      const share = found < 1 ? ` (${short(found)})` : '';
      return `${short(quantileOf(rows, 0.5))} / ${short(quantileOf(rows, 0.9))}${share}`;
    });
    say(row([delays.of.name, ...cells], 28));
  }
  say('A rule that alarms constantly without a change (table above) "finds" every change at once.');
}

export function printCalibration(all: readonly Calibration[], say: Line): void {
  if (all.length === 0) return;
  say('\nRejections over nominal without a change, m = 10,000: smooth test (or PSI of levels) · whole rule:');
  say(row(['n, values', ...calibrationAlphas.map(String)]));
  for (const one of all) {
    const cells = calibrationAlphas.map((alpha, i) => {
      const wanted = one.windows * alpha;
      return `${short((one.smooth[i] ?? 0) / wanted)} · ${short((one.rule[i] ?? 0) / wanted)}`;
    });
    say(row([`${one.n}, ${one.marginal}`, ...cells]));
  }
}

export function printShifts(all: readonly ShiftFound[], say: Line): void {
  if (all.length === 0) return;
  say('\nMinimum detectable shift (sd), m = 10,000: printed, found there, really needed for 90 %:');
  for (const one of all)
    say(row([`n ${one.n}, ${one.windowTicks} ticks`, short(one.delta), short(one.found), short(one.needed)]));
}

export function printBars(figures: Figures, say: Line): void {
  say('\nBars:');
  for (const [key, figure] of Object.entries(figures)) {
    if (figure.bar === null) continue;
    const sign = figure.better === 'higher' ? '≥' : '≤';
    const bar = typeof figure.bar === 'number' ? `${sign} ${figure.bar}` : figure.bar.join('–');
    const value = figure.value === null ? (figure.why ?? 'none') : short(figure.value);
    say(row([key, value, bar, wordOf(figure)], 36));
  }
}

/** A short run that is over its bar by no more than chance allows says so. */
function wordOf({ value, bar, ok }: Figure): string {
  if (!ok) return 'MISSED';
  if (value === null) return 'not measured';
  const [low, high] = Array.isArray(bar) ? bar : [Number.NEGATIVE_INFINITY, bar as number];
  const isKept = value !== null && value >= low && value <= high;
  return isKept ? 'ok' : 'ok within chance';
}

function perMonth(count: AlarmCount, factor: number): string {
  return `${short(count.raw * factor)} / ${short(count.episodes * factor)}`;
}

function row(cells: readonly string[], width = 22): string {
  return cells
    .map((cell, i) => cell.padEnd(i === 0 ? width + 2 : width))
    .join(' ')
    .trimEnd();
}

function short(value: number): string {
  if (!Number.isFinite(value)) return 'never';
  if (Math.abs(value) >= 1_000) return Math.round(value).toLocaleString('en');
  return String(Number(value.toPrecision(3)));
}
