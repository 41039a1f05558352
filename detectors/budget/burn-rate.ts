/**
 * How fast an error budget is spent: 1 is a budget that lasts its period exactly, 14.4 one that is gone in 1/14.4 of it.
 *
 * A pair of windows must both burn: the long one says that it matters, the short one that it goes on. With few requests a
 * single bad one burns a short window many times over, so at least `badMin` bad events in the long window are asked for:
 * without it a service at its budget with 20 requests per window has a false page in every third month.
 *
 * Source: Google, The Site Reliability Workbook (2018), ch. 5.
 */

/** Bad events in the long window before a pair may fire. */
export const badMin = 10;

/** Bad events of all, in one window. */
export interface Events {
  readonly bad: number;
  readonly total: number;
}

/** 0 where there was no traffic; `slo` is the share promised good, below 1. */
export function burnRate({ bad, total }: Events, slo: number): number {
  return total > 0 ? bad / total / (1 - slo) : 0;
}

export interface BurnAnswer {
  readonly long: number;
  readonly short: number;
  readonly fires: boolean;
}

export function judgeBurn(
  long: Events,
  short: Events,
  objective: { readonly slo: number; readonly factor: number; readonly badMin?: number },
): BurnAnswer {
  const { slo, factor } = objective;
  const rates = { long: burnRate(long, slo), short: burnRate(short, slo) };
  const isEnough = long.bad >= (objective.badMin ?? badMin);
  return { ...rates, fires: isEnough && rates.long > factor && rates.short > factor };
}

export interface BurnPair {
  readonly severity: 'page' | 'ticket';
  readonly longHours: number;
  readonly shortMinutes: number;
  readonly factor: number;
  /** Share of the period's budget that is spent when it fires. */
  readonly budget: number;
}

const shares = [
  { severity: 'page', longHours: 1, budget: 0.02 },
  { severity: 'page', longHours: 6, budget: 0.05 },
  { severity: 'ticket', longHours: 24, budget: 0.1 },
  { severity: 'ticket', longHours: 72, budget: 0.1 },
] as const;

/** The workbook's four pairs for a period: the short window is a twelfth of the long one. */
export function burnPairs(periodDays: number): readonly BurnPair[] {
  return shares.map(({ severity, longHours, budget }) => ({
    severity,
    longHours,
    shortMinutes: (longHours * 60) / 12,
    factor: (budget * periodDays * 24) / longHours,
    budget,
  }));
}
